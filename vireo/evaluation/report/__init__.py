"""What an evaluation writes.

summary.py     records summed up, and the report's files
page.py        report.json and report.html, by the templates beside it
tables.py      Markdown and LaTeX in the papers' layout
pictures.py    strips, contact sheets, and clips side by side
"""
