"""Arrays and counts in, numbers out."""
