"""The configuration: YAML in, one frozen value out, or every mistake in it at once."""

from monitor.config.columns import Columns
from monitor.config.model import (
    KINDS,
    Attacks,
    Config,
    Data,
    Labels,
    Match,
    Model,
    Probes,
    Receiver,
    Route,
    Web,
)
from monitor.config.read import ConfigErrors, load
from monitor.config.thresholds import Setting, setting_of, threshold_parts
from monitor.config.values import Budget, Hold, parse_budget, parse_duration, parse_hold

__all__ = [
    "KINDS",
    "Attacks",
    "Budget",
    "Columns",
    "Config",
    "ConfigErrors",
    "Data",
    "Hold",
    "Labels",
    "Match",
    "Model",
    "Probes",
    "Receiver",
    "Route",
    "Setting",
    "Web",
    "load",
    "parse_budget",
    "parse_duration",
    "parse_hold",
    "setting_of",
    "threshold_parts",
]
