"""Builders of rows and worlds for tests: they go through the domain, never around it."""
