"""Read-only telemetry: value types, ports and adapters. Plain Python, no models, no Django."""
