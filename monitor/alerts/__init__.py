"""From verdicts on windows to messages worth reading."""
