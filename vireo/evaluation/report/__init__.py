"""What an evaluation writes.

summary.py         records summed up: report.json and the other files
page.py            report.html; published_page.py: of published benchmarks; html.py: what both have
tables.py          Markdown and LaTeX in the papers' layout
sheets.py          pictures: strips and contact sheets
players.py         clips side by side
"""
