"""The language model, if there is one: it suggests causes and writes prose. Rules decide."""
