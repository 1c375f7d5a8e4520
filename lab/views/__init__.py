"""The lab's answers to each kind of question, as telemetry's value types."""
