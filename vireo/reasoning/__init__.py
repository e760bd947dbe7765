"""RIVER: what is in a clip (`twin`), what is asked of it (`reasoner`), and what is to be done (`plan`).

A digital twin is data about a clip: objects with tracks, relations over time, events. Perception makes it from
pixels, the studio gives it exactly. A reasoner reads a query against a twin, hop by hop, and writes a plan: steps that
an editor can carry out one after another. Nothing here changes a pixel; `vireo.pipeline.execute` does.
"""
