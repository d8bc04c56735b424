"""Poison in labels and training batches: one file a statistic; `audit.py` puts them together."""
