"""The daemon: passes by a schedule, the pages and doors beside them, one process at a time for a model."""
