"""Rectified flow with one time convention: z_t = (1 - t) x0 + t eps, t = 1 is noise, v = eps - x0.

path: the straight line and what a network's output says about it. schedule: times and shift.
loss: the masked flow-matching loss. Imports torch only and knows no model.
"""
