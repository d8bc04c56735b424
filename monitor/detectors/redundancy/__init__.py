"""Whether the models that answer the same rows still agree."""
