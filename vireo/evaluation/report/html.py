"""What all pages have: their style, tables that sort, and how figures are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2
import markupsafe

STYLE = """<style>
 body { font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto;
  padding: 0 1rem; color: #222 }
 table { border-collapse: collapse; margin: 1rem 0 2rem } caption { text-align: left; font-weight: 600 }
 th, td { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #ddd }
 th:first-child, td:first-child { text-align: left } th[title] { cursor: pointer }
 .players { display: flex; flex-wrap: wrap; gap: 1rem } figure { margin: 0; width: 21rem }
 figcaption { font-size: 13px } .failed { color: #aa1e1e } .done { color: #146e32 }
 video { width: 100%; image-rendering: pixelated } img { max-width: 100%; image-rendering: pixelated }
 code { background: #f3f3f3; padding: .1rem .3rem } .small { color: #666; font-size: 13px }
</style>"""

SCRIPT = """<script>
 const value = (row, column) => {
  const text = row.cells[column].textContent, figure = parseFloat(text);
  return isNaN(figure) ? text : figure;
 };
 for (const table of document.querySelectorAll(".sortable")) {
  const heads = [...table.rows[0].cells];
  heads.forEach((head, column) => {
   head.title = "sort";
   head.onclick = () => {
    const down = head.dataset.down = head.dataset.down === "yes" ? "no" : "yes";
    const rows = [...table.rows].slice(1).filter((row) => row.cells[0].tagName === "TD");
    rows.sort((a, b) => (value(a, column) > value(b, column) ? 1 : -1) * (down === "yes" ? -1 : 1));
    heads[0].parentNode.after(...rows);
   };
  });
 }
</script>"""


def rendered(template: str, **values: Any) -> str:
    """A page; `style` and `script` are there for every template, `rate`, `number` and `score` as filters."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.ChainableUndefined)
    environment.filters.update(rate=rate, number=number, score=score)
    marks = {"style": markupsafe.Markup(STYLE), "script": markupsafe.Markup(SCRIPT)}
    return environment.from_string(template).render(**values, **marks)


def rate(interval: Mapping[str, Any] | None) -> str:
    """`93.1 % [90.2, 95.8]`, or a dash."""
    if not interval:
        return "–"
    return f"{100 * interval['rate']:.1f} % [{100 * interval['low']:.1f}, {100 * interval['high']:.1f}]"


def score(interval: Mapping[str, Any]) -> str:
    """`7.31 [7.02, 7.60]`."""
    return f"{interval['rate']:.2f} [{interval['low']:.2f}, {interval['high']:.2f}]"


def number(value: float | None, digits: int = 3) -> str:
    """The value with so many digits after the point, or a dash."""
    return f"{value:.{digits}f}" if isinstance(value, int | float) else "–"
