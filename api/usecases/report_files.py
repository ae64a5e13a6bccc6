"""The quality report as two files: JSON for programs, Markdown for people, beside the territory file."""

from __future__ import annotations

import json
from pathlib import Path

from api.i18n import sentence
from data.files.atomic import whole_file
from gis.report import QualityReport, Remark

_KINDS = ("warn", "repair", "note")


def report_paths(territory: Path, asked: Path | None) -> tuple[Path, Path]:
    """Where the JSON and the readable report go.

    Parameters
    ----------
    territory
        The territory file: the reports lie beside it unless asked otherwise.
    asked
        A folder, or a file; the other report takes the same name with its own ending.
    """
    if asked is None:
        base = territory.with_name(territory.stem + ".report")
    elif asked.is_dir() or asked.suffix.lower() not in (".json", ".md", ".txt"):
        base = asked / (territory.stem + ".report")
    else:
        base = asked.with_suffix("")
    return base.with_name(base.name + ".json"), base.with_name(base.name + ".md")


def write_report(report: QualityReport, territory: Path, paths: tuple[Path, Path], language: str) -> None:
    """Write both forms.  The JSON carries the sentence of every remark in both languages."""
    content = report.to_json()
    rows = []
    for remark, row in zip(report.remarks, content["remarks"], strict=True):  # type: ignore[call-overload]
        rows.append({**row, "detail_en": remark_sentence(remark, "en"), "detail_zh": remark_sentence(remark, "zh")})
    content["remarks"] = rows
    with whole_file(paths[0]) as place:
        place.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    with whole_file(paths[1]) as place:
        place.write_text(_readable(report, territory, language), encoding="utf-8")


def remark_sentence(remark: Remark, language: str) -> str:
    """One remark as a sentence."""
    facts = {
        "layer": remark.layer,
        "id": remark.id,
        "before": remark.before,
        "after": remark.after,
        **remark.facts,
    }
    return sentence(remark.code, facts, language)


def _kind(remark: Remark) -> str:
    """What a remark asks of its reader: to look (``warn``), to know of a change (``repair``), nothing (``note``)."""
    prefix = remark.code.partition("_")[0]
    return {"warn": "warn", "repair": "repair", "person": "repair"}.get(prefix, "note")


def _readable(report: QualityReport, territory: Path, language: str) -> str:
    def say(code: str, **facts: object) -> str:
        return sentence(code, facts, language)

    lines = [f"# {say('report_title', file=territory.name)}", ""]
    lines += [say("report_remarks", measured=len(report.remarks)), ""]
    if not report.remarks:
        lines += [say("report_none"), ""]
    by_kind = {kind: [r for r in report.remarks if _kind(r) == kind] for kind in _KINDS}
    for kind, remarks in by_kind.items():
        if remarks:
            lines += [f"## {say(f'report_{kind}')} ({len(remarks)})", ""]
            remarks.sort(key=lambda remark: remark.code)  # alike together, else in the order they came up
            lines += [f"- {remark_sentence(remark, language)}" for remark in remarks]
            lines.append("")
    if report.counts:
        lines += [f"## {say('report_counts')}", ""]
        lines += [f"- {name}: {n}" for name, n in sorted(report.counts.items())]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
