"""Before anything runs: look at data, write a configuration, and check one against its data."""
