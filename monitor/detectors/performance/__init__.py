"""How well predictions met their labels, once these are there."""
