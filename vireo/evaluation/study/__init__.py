"""User studies.

answers.py  tasks, answers and what they say
page.py     the local page on which people compare
"""
