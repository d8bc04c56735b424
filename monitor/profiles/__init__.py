"""Mergeable summaries of a window's rows, in bins that the reference fixes."""
