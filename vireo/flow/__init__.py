"""Rectified flow with one time convention: z_t = (1 - t) x0 + t eps, t = 1 is noise, v = eps - x0.

path: the straight line, the times along it, and what a network's output says about it. loss: the masked flow-matching
loss. sample: integration. sde: stochastic steps and their probabilities. Imports torch only and knows no model.
"""
