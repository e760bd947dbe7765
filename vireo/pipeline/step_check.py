"""Whether the beginning of what a step has made looks as planned."""
