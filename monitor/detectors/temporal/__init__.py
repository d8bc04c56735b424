"""Whether the world has moved on and the model has not: what a single window does not show."""
