"""User studies.

answers.py  tasks, answers and what they say
page.py     serves the local page, page.html, on which people compare
"""
