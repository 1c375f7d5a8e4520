"""What a model is asked for: one module per role, with its prompt and its checks."""
