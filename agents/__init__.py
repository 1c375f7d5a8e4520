"""Specialists and the reconciler: they read telemetry and post on the board; they never change a target."""
