"""Tables that several commands show about a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.cli.talk import Table, Talk
from api.i18n import number, sentences


def plan_table(figures: Mapping[str, Any], talk: Talk) -> Table:
    """The figures of a plan as a table of name and value."""
    rows: list[tuple[str, str | int | float]] = [
        (talk.say("label_communities"), figures["communities"]),
        (talk.say("label_grids"), figures["grids"]),
    ]
    rows += [(f"  {word('kind', kind, talk)}", n) for kind, n in figures["grids_by_kind"].items()]
    rows.append((talk.say("label_households"), figures["households"]))
    if figures["standard_in_band_frac"] is not None:
        share = figures["standard_in_band_frac"]
        rows += [
            (talk.say("label_in_band"), figures["standard_in_band"]),
            (talk.say("label_in_band_percent"), f"{100 * share:.1f} %"),
            (
                talk.say("label_sizes"),
                " / ".join(number(figures[f"households_{name}"], talk.language) for name in ("min", "mean", "max")),
            ),
        ]
    return Table(("label_measure", "label_value"), rows)


def reason_table(figures: Mapping[str, Any], talk: Talk) -> Table | None:
    """Why communities have grids outside the band, with how many; ``None`` when there are none."""
    if not figures["reasons"]:
        return None
    rows = [(word("why", code, talk), n) for code, n in figures["reasons"].items()]
    return Table(("label_reason", "label_communities"), rows)


def word(family: str, code: str, talk: Talk) -> str:
    """The short word for a code (``<family>_<code>`` in the locale files); the code itself where there is none."""
    key = f"{family}_{code}"
    return talk.say(key) if key in sentences(talk.language) else code


def percent(frac: float | None) -> str:
    """A share; a dash where there is nothing to share."""
    return "—" if frac is None else f"{100 * frac:.1f} %"
