"""The report as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vireo.evaluation.report.html import number, rate, rendered, score

TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>vireo evaluation: {{ report.model }}</title>
{{ style }}</head><body>
<h1>{{ report.model }}: {{ report.success | rate }}</h1>
<p>Success (balanced over {{ report.headline_families | join(", ") }}; {{ report.n }} pairs). 95 % bootstrap
intervals in brackets.</p>
<table class="sortable"><caption>Edits as users get them, and straight from the pipeline</caption>
<tr><th>family</th><th>n</th><th>success</th><th>edit error</th><th>outside dB</th>
<th>raw: error &le; 0.35</th><th>raw error</th><th>raw outside dB</th>
<th>VAE ceiling</th><th>nothing done</th></tr>
{% for family, row in report.families.items() %}
{% set raw = report.raw.families[family] if report.raw else none %}
{% set ceiling = report.oracle_vae.families[family] if report.oracle_vae else none %}
<tr><td>{{ family }}</td><td>{{ row.success.n }}</td><td>{{ row.success | rate }}</td>
<td>{{ row.edit_error | number }}</td><td>{{ row.outside_psnr | number(1) }}</td>
<td>{{ (raw.success if raw) | rate }}</td><td>{{ (raw.edit_error if raw) | number }}</td>
<td>{{ (raw.outside_psnr if raw) | number(1) }}</td><td>{{ (ceiling.success if ceiling) | rate }}</td>
<td>{{ report.do_nothing.families[family].success | rate }}</td></tr>
{% endfor %}
<tr><th>balanced</th><th>{{ report.success.n }}</th><th>{{ report.success | rate }}</th><th></th>
<th>{{ report.outside_psnr.composited | number(1) }}</th><th>{{ report.raw.success | rate }}</th><th></th>
<th>{{ report.outside_psnr.raw | number(1) }}</th><th>{{ report.oracle_vae.success | rate }}</th>
<th>{{ report.do_nothing.success | rate }}</th></tr>
</table>
<table><caption>Further figures</caption>
{% for name, value in rows %}<tr><td>{{ name }}</td><td>{{ value }}</td></tr>
{% endfor %}</table>
<p class="small">Command <code>{{ report.command }}</code>, commit <code>{{ report.commit }}</code>,
settings <code>{{ report.settings }}</code>.</p>
{% for failure in report.failures %}<p class="small">Not scored: {{ failure.id }}: {{ failure.why }}</p>{% endfor %}
{% if report.judged %}{% set judged = report.judged %}
<table><caption>Judged by {{ judged.judge }} (rubric {{ judged.rubric }}, criteria 0 to {{ judged.best | number(0) }};
{{ judged.n }} edits, {{ judged.failures | length }} not judged)</caption>
<tr><th>score</th><th>balanced</th>{% for family in report.families %}<th>{{ family }}</th>{% endfor %}</tr>
{% for tables in (judged.criteria, judged.overall) %}{% for name, table in tables.items() %}
<tr><td>{{ name }}</td><td>{{ table.all | score }}</td>{% for family in report.families %}
<td>{{ table.families[family].rate | number(2) }}</td>{% endfor %}</tr>
{% endfor %}{% endfor %}
</table>
{% for failure in judged.failures %}<p class="small">Not judged: {{ failure.id }}: {{ failure.why }}</p>{% endfor %}
{% endif %}
{% if report.measures %}
<table><caption>Without the exact target (see vireo.evaluation.measures)</caption>
<tr><th>measure</th><th>balanced</th>{% for family in report.families %}<th>{{ family }}</th>{% endfor %}</tr>
{% for name, table in report.measures.items() %}
<tr><td>{{ name }}</td><td>{{ table.all.rate | number(4) }}</td>{% for family in report.families %}
<td>{{ table.families[family].rate | number(4) }}</td>{% endfor %}</tr>
{% endfor %}</table>
{% endif %}
{% for family, sheet in report.sheets.items() %}
<h2>{{ family }}</h2><p class="small">Failures first. Rows: source, output, target, mask (red) with the
predicted region (green; both: yellow). Columns: first, middle, last frame.</p>
<a href="{{ sheet }}"><img src="{{ sheet }}" alt="results of {{ family }}" loading="lazy"></a>
{% if players[family] %}
<details><summary>Clips of these {{ players[family] | length }}: source, output, target</summary>
<div class="players">{% for player in players[family] %}{% set score = player.record.composited %}
<figure><video src="{{ player.file }}" controls loop muted preload="metadata"
onerror="this.closest('figure').hidden = true"></video>
<figcaption class="{{ 'done' if score.success else 'failed' }}">{{ player.record.id }}, edit error
{{ score.edit_error | number }}: {{ player.record.instruction }}</figcaption></figure>
{% endfor %}</div></details>{% endif %}
{% endfor %}
{{ script }}
</body></html>
"""


def render_page(report: Mapping[str, Any], players: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """HTML of a report; the contact sheets are linked by their file names.

    players: by family, `file` (below the page's folder) and `record` of the clips to show.
    """
    return rendered(TEMPLATE, report=report, players=players, rows=further_figures(report))


def further_figures(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What stands below the table of families, in words."""
    headline, oracle, shadow = report["headline"], report["oracle_vae"], report["removal_trace_left"]
    recall, excess = headline["region"]["recall"], headline["region"]["excess"]
    rows = [
        ("wrong target", rate(headline["wrong_target"]["composited"])),
        ("wrong target, exact targets by the same measure", rate(headline["wrong_target"]["exact_targets"])),
        ("wrong target beyond the mask", rate(headline["wrong_beyond_mask"]["composited"])),
        ("region recall, median / mean", f"{number(recall['median'])} / {number(recall['mean'])}"),
        ("region excess, median / mean", f"{number(excess['median'])} / {number(excess['mean'])}"),
        (
            "outside PSNR, median, composited / raw, dB",
            f"{number(headline['outside_psnr']['composited'], 1)} / {number(headline['outside_psnr']['raw'], 1)}",
        ),
        (
            "with hybrid and reference: wrong target, region recall / excess, mean",
            f"{rate(report['wrong_target']['composited'])}, {number(report['region']['recall']['mean'])} / "
            f"{number(report['region']['excess']['mean'])}",
        ),
        (
            "VAE there and back, median PSNR, all / inside the mask, dB",
            f"{number(oracle.get('psnr'), 1)} / {number(oracle.get('psnr_inside'), 1)}",
        ),
        (
            "shadow and reflection energy left by removals, composited / raw (pasting: 1)",
            f"{number(shadow['composited'])} / {number(shadow['raw'])}",
        ),
        ("seconds a clip, median", number(report["seconds_per_clip"], 2)),
    ]
    order = report["order"]
    if order["target_first"]:
        rows.append(("exact target closer to the truth than the edit", rate(order["target_first"])))
        least = min(order["above_nothing"].items(), key=lambda item: item[1]["rate"])
        rows.append(("family nearest to nothing done, its mean gain in edit error", f"{least[0]}, {score(least[1])}"))
    rows += [(f"success, {name}", rate(interval)) for name, interval in report["subsets"].items()]
    if report["paraphrases"]:
        rows.append(("success with paraphrases", rate(report["paraphrases"]["success"])))
        rows.append(("success lost with paraphrases", rate(report["paraphrases"]["loss"])))
    return rows
