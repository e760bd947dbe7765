"""What an evaluation writes.

summary.py     records summed up, and the report's files
page.py        writes the files; report.html by those of templates/
tables.py      Markdown and LaTeX in the papers' layout
pictures.py    strips, contact sheets, and clips side by side
"""
