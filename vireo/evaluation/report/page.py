"""A report's files: its page and tables, and how figures are written there."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from vireo.evaluation.records import write_texts
from vireo.evaluation.report.tables import as_latex, as_markdown, figure, made_by


def write_files(out: Path, report: Mapping[str, Any], template: str, **values: Any) -> None:
    """Writes report.json, report.html (of a file of `templates`, which is given the report and `values`), report.md and
    report.tex into `out`."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("vireo.evaluation.report"), autoescape=True, undefined=jinja2.ChainableUndefined
    )
    environment.filters.update(rate=rate, rates=rates, number=number, figure=figure, made_by=made_by)
    page = environment.get_template(template).render(report=report, **values)
    files = {"report.json": json.dumps(report, indent=1), "report.html": page}
    write_texts(out, files | {"report.md": as_markdown(report), "report.tex": as_latex(report)})


def rate(interval: Mapping[str, Any] | None) -> str:
    """`93.1 % [90.2, 95.8]`, or a dash."""
    if not interval:
        return "–"
    return f"{100 * interval['rate']:.1f} % [{100 * interval['low']:.1f}, {100 * interval['high']:.1f}]"


def rates(found: Mapping[str, Any]) -> str:
    """`success` and `success_loose` of a table's row."""
    return f"{rate(found.get('success'))} / {rate(found.get('success_loose'))}"


def number(value: float | None, digits: int = 3) -> str:
    """The value with so many digits after the point, or a dash."""
    return f"{value:.{digits}f}" if isinstance(value, int | float) else "–"


def _numbers(values: Mapping[str, float | None], names: tuple[str, str], digits: int = 3) -> str:
    """`0.912 / 0.887`."""
    return " / ".join(number(values.get(name), digits) for name in names)


def further_figures(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What stands below the table of families, in words."""
    headline, stages, averages = report["headline"], ("composited", "raw"), ("median", "mean")
    recall, excess = (number(report["region"][name]["mean"]) for name in ("recall", "excess"))
    vae = _numbers(report["oracle_vae"], ("psnr", "psnr_inside"), 1)
    tables = {"composited": report, "raw": report["raw"]}
    shadow = {name: table.get("families", {}).get("remove", {}).get("shadow_left") for name, table in tables.items()}
    rows = [
        ("wrong target", rate(headline["wrong_target"]["composited"])),
        ("wrong target, exact targets by the same measure", rate(headline["wrong_target"]["exact_targets"])),
        ("wrong target beyond the mask", rate(headline["wrong_beyond_mask"]["composited"])),
        ("region recall, median / mean", _numbers(headline["region"]["recall"], averages)),
        ("region excess, median / mean", _numbers(headline["region"]["excess"], averages)),
        ("outside PSNR, median, composited / raw, dB", _numbers(headline["outside_psnr"], stages, 1)),
        (
            "with hybrid, reference and open: wrong target, region recall / excess, mean",
            f"{rate(report['wrong_target']['composited'])}, {recall} / {excess}",
        ),
        ("VAE there and back, median PSNR, all / inside the mask, dB", vae),
        ("shadow left by removals, median, composited / raw", _numbers(shadow, stages)),
        ("seconds a clip, median", number(report["seconds_per_clip"], 2)),
    ]
    order = report["order"]
    if order["target_first"]:
        rows.append(("exact target closer to the truth than the edit", rate(order["target_first"])))
        least = min(order["above_nothing"].items(), key=lambda item: item[1]["rate"])
        rows.append(("family nearest to nothing done, its mean gain in edit error", f"{least[0]}, {figure(least[1])}"))
    rows += [(f"success / loose, {name}", rates(found)) for name, found in report["subsets"].items()]
    if report["paraphrases"]:
        rows.append(("success / loose with paraphrases", rates(report["paraphrases"])))
        rows.append(("lost with paraphrases", rates(report["paraphrases"]["loss"])))
    return rows
