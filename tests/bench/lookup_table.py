"""The Markdown of docs/benchmarks.md from the lines that ``python -m tests.bench.lookup`` printed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

Line = dict[str, Any]


def markdown(path: Path) -> str:
    """All tables, in the order: layers, kinds, forms, real layers, the large city."""
    lines = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines() if text.strip()]
    parts = {line["part"]: line for line in lines if "part" in line}
    tables = [_layers(parts.values())]
    tables += [_kinds(parts[name]) for name in ("published layer", "made city", "large city") if name in parts]
    tables += [_forms([parts[n] for n in parts if n.endswith("further forms")])]
    tables.append(_real([line for line in parts.values() if _is_real(line)]))
    if "large city" in parts:
        tables.append(_large(parts["large city"]))
    return "\n\n".join(table for table in tables if table) + "\n"


def _is_real(line: Line) -> bool:
    return any("right_or_honest" in got for got in line["kind"].values())


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    body = [[str(cell) for cell in row] for row in rows]
    ruled = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(row)} |" for row in ruled) if body else ""


def _percent(part: int | float, of: int | float) -> str:
    return f"{100 * part / of:.2f} %" if of else "-"


def _is_negative(got: Line) -> bool:
    return got["top1"] == 0 and got["refused"] == got["n"] - got["accepted_wrong"] and got["first"] == 0


def _layers(lines: Iterable[Line]) -> str:
    head = (
        "layer",
        "addresses",
        "questions",
        "right",
        "sure and wrong",
        "own text not found",
        "p50 ms",
        "p99 ms",
        "p99 own ms",
        "build s",
    )

    def rows() -> Iterator[list[Any]]:
        for line in lines:
            right = "-" if not line["top1_frac"] else f"{100 * line['top1_frac']:.2f} %"
            wrong = f"{line['confident_wrong']} ({100 * line['confident_wrong_frac']:.3f} %)"
            own = line.get("own_text_lost", "-")
            asked = [f"{line[key]:,}" for key in ("rows", "n")]
            yield [
                line["part"],
                *asked,
                right,
                wrong,
                own,
                line["p50_ms"],
                line["p99_ms"],
                line["p99_own_ms"],
                line["build_s"],
            ]

    return _table(head, rows())


def _real(lines: Sequence[Line]) -> str:
    peers = [peer for peer in (lines[0].get("beside", ()) if lines else ()) if "kind" in peer]
    head = ["layer", "kind", "n", "right", "right or honestly unsure", "sure and wrong", *(p["method"] for p in peers)]

    def rows() -> Iterator[list[Any]]:
        for line in lines:
            for kind, got in line["kind"].items():
                negative = _is_negative(got)
                right = f"{got['refused']} refused" if negative else _percent(got["top1"], got["n"])
                honest = "-" if negative else _percent(got["right_or_honest"], got["n"])
                theirs = [peer["kind"].get(kind) for peer in line.get("beside", ()) if "kind" in peer]
                cells = [_beside(their, negative) for their in theirs]
                yield [line["part"], kind, got["n"], right, honest, got["accepted_wrong"], *cells]

    return _table(head, rows())


def _beside(got: Line | None, negative: bool) -> str:
    if got is None:
        return "-"
    return f"0 of {got['n']} refused" if negative else f"{got['top1']} of {got['n']}"


def _kinds(line: Line) -> str:
    beside = [peer for peer in line.get("beside", ()) if "kind" in peer]
    head = ["kind", "n", "right", "right among 5", "sure and wrong", "refused"]
    head += [f"{peer['method']} {peer['version']}" for peer in beside]

    def rows() -> Iterator[list[Any]]:
        for kind, got in line["kind"].items():
            negative = _is_negative(got)
            shares = ["-", "-"] if negative else [_percent(got[key], got["n"]) for key in ("top1", "in5")]
            others = [_beside(peer["kind"].get(kind), negative) for peer in beside]
            yield [kind, got["n"], *shares, got["accepted_wrong"], got["refused"], *others]
        if beside:
            yield ["ms, p50 / p99", "", "", "", "", "", *(f"{peer['p50_ms']} / {peer['p99_ms']}" for peer in beside)]

    title = f"**{line['part']}** ({line['rows']:,} addresses; p50 {line['p50_ms']} ms, p99 {line['p99_ms']} ms)"
    return f"{title}\n\n{_table(head, rows())}"


def _forms(lines: Sequence[Line]) -> str:
    head = ["form", *(f"{line['part']}: {what}" for line in lines for what in ("right", "sure and wrong"))]
    forms = list(dict.fromkeys(kind for line in lines for kind in line["kind"]))

    def rows() -> Iterator[list[Any]]:
        for form in forms:
            cells: list[Any] = [form]
            for line in lines:
                got = line["kind"].get(form)
                if got is None:
                    cells += ["-", "-"]
                else:
                    right = f"{got['refused']} refused" if _is_negative(got) else got["top1"]
                    cells += [f"{right} of {got['n']}", got["accepted_wrong"]]
            yield cells

    return _table(head, rows())


def _rates(said: dict[str, int] | None) -> str:
    return "raised" if said is None else f"{said['clock']:,}/s, of the processor's time {said['own']:,}/s"


def _large(line: Line) -> str:
    said = [
        ("addresses", f"{line['rows']:,}"),
        ("build, with parts", f"{line['build_s']} s, of the processor {line['build_own_s']} s"),
        ("build, texts alone", f"{line['build_of_texts_alone_s']} s"),
        ("first use in a process", f"{line['first_use_s']} s"),
        ("arrays", f"{line['arrays_mb_per_million']} MB per million"),
        ("memory held after building", f"{line['held_mb_per_million']} MB per million"),
        ("the same with what the C library keeps free", f"{line['grown_mb_per_million']} MB per million"),
        ("memory of the index opened from its files", f"{line.get('mapped_mb_per_million')} MB per million"),
        ("open, mapped / first answer", f"{line.get('open_s')} / {line.get('first_answer_s')} s"),
        ("single, p50 / p99", f"{line['p50_ms']} / {line['p99_ms']} ms"),
        ("single, own time of the thread", f"{line['p50_own_ms']} / {line['p99_own_ms']} ms"),
        ("bulk, twelve kinds mixed", _rates(line["bulk_mixed_per_s"])),
        ("bulk, droptop and dropmid", _rates(line["bulk_plain_per_s"])),
        ("bulk, addresses as the layer writes them", _rates(line["bulk_clean_per_s"])),
        ("bulk answers as single", line["bulk_is_single"]),
    ]
    for peer in line.get("beside", ()):
        if "kind" in peer:
            built = f"{peer['build_s']} s, +{peer['grown_mb']} MB"
            said.append((f"{peer['method']} {peer['version']}", f"{built}; {peer['p50_ms']} / {peer['p99_ms']} ms"))
    return _table(("large city, one core", ""), said)
