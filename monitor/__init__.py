"""Watches deployed machine-learning models and says what it sees."""
