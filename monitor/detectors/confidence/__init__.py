"""Whether the model is as sure of itself as it was on the reference."""
