"""Queries as people put them, with the hops that they come to: what a reasoner learns from and is measured by.

wordings.py   how people say what a hop asks, in training and held out
relation_wordings.py, attribute_wordings.py, event_wordings.py, order_wordings.py, time_wordings.py, edit_wordings.py
              the same of relations, attributes, events, places in an order, times and edits
draft.py      the clip that a query is drawn for, and the calls of a query while it is drawn
naming.py     plain names
referring.py  words for one object: clues, relations, events, extremes, places in an order
several.py    words for several objects
times.py      clauses that say when
edits.py      words for one edit: what is done, to what, when
drawing.py    whole queries of one or several edits
twin_clip.py  queries that a twin answers without doubt, and their plans
lexicon.py    the words of all training queries
"""
