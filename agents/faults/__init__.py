"""Fault models: one small declarative file per fault class, found by themselves."""
