"""Evidence against chance in nats, beside what an alarm asks for."""

SURE = 2.0


def is_sure(evidence: float, alarm: float) -> bool:
    """Say whether evidence is twice what an alarm asks for: no chance, nor what broken data bring about.

    >>> is_sure(28.0, 13.8), is_sure(20.0, 13.8)
    (True, False)
    """
    return evidence >= SURE * alarm
