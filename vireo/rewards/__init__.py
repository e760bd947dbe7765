"""Rewards for post-training an editor."""
