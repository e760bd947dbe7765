"""The report of a run on a published benchmark as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vireo.evaluation.report.html import rendered
from vireo.evaluation.report.tables import paper_rows

TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>vireo evaluation: {{ report.model }} on {{ report.layout }}</title>
{{ style }}</head><body>
<h1>{{ report.model }} on {{ report.layout }}</h1>
<p>{{ report.n }} edits; {{ report.problems | length }} entries that could not be read, {{ report.failures | length }}
edits that failed. No exact results are known here: measured are steadiness and likeness, and what a judge says.</p>
<table class="sortable"><tr>{% for name in head %}<th>{{ name }}</th>{% endfor %}</tr>
{% for row in rows[:-1] %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}<tr>{% for cell in rows[-1] %}<th>{{ cell }}</th>{% endfor %}</tr></table>
{% for problem in report.problems %}<p class="small">Not read: {{ problem.where }}: {{ problem.what }}</p>{% endfor %}
{% for failure in report.failures %}<p class="small">Not edited: {{ failure.id }}: {{ failure.why }}</p>{% endfor %}
{% if report.judged %}{% for failure in report.judged.failures %}
<p class="small">Not judged: {{ failure.id }}: {{ failure.why }}</p>{% endfor %}{% endif %}
{% if report.answered %}{% for failure in report.answered.failures %}
<p class="small">No answer about: {{ failure.id }}: {{ failure.why }}</p>{% endfor %}{% endif %}
<p class="small">Command <code>{{ report.command }}</code>, commit <code>{{ report.commit }}</code>,
settings <code>{{ report.settings }}</code>.</p>
<h2>Clips: source, output</h2><div class="players">
{% for file, record in shown %}<figure><video src="{{ file }}" controls loop muted preload="metadata"
onerror="this.closest('figure').hidden = true"></video>
<figcaption>{{ record.id }}, {{ record.family }}: {{ record.instruction }}</figcaption></figure>
{% endfor %}</div>
{{ script }}
</body></html>
"""


def render_published(report: Mapping[str, Any], shown: Sequence[tuple[str, Any]]) -> str:
    """HTML of a report of `evaluation.benchmarks.run`. shown: files below the page's folder, and their records."""
    head, rows = paper_rows(report)
    return rendered(TEMPLATE, report=report, head=head, rows=rows, shown=shown)
