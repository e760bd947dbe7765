"""Models that edit one window of a video."""
