"""What the commands of `monitor.cli` do; whatever is slow to import is imported here."""
