"""How far a window's distributions moved from the reference's."""
