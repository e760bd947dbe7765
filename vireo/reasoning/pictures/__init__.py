"""Twins and plans as people look at them.

overlay.py   the video with boxes, ids and outlines of its objects
drawings.py  the graph of relations and the timeline, as points and lines
page.py      all of it, and the plan, on one self-contained page
"""
