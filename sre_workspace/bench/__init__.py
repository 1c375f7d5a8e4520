"""Measurements of the whole stack, as a person would time it: from outside."""
