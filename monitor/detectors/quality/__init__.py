"""Whether a window's data are whole."""
