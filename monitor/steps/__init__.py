"""The steps that `monitor.pipeline` joins: each is one transaction or none."""
