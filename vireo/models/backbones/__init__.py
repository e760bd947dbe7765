"""Published networks that measures see and read with."""
