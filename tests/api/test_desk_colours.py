"""Colours of the planner's desk for people who see two of three: told apart by colour or pattern; text always read."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

PAGES = Path(__file__).resolve().parents[2] / "api" / "pages"
LEAST_APART = 10.0  # CIE76; 2.3 is what an eye just sees side by side
LEAST_TEXT = 4.5  # WCAG AA
LEAST_SIGN = 3.0  # WCAG AA for graphics
# Machado, Oliveira and Fernandes 2009, severity 1.
SEEN_BY = {
    "everybody": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
Colour = NDArray[np.float64]


def linear(text: str) -> Colour:
    share = np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def seen(text: str, by: str) -> Colour:
    return np.clip(SEEN_BY[by] @ linear(text), 0, 1)


def lab(colour: Colour) -> Colour:
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = to_xyz @ colour / np.array([0.95047, 1, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(one: str, two: str, by: str) -> float:
    return float(np.linalg.norm(lab(seen(one, by)) - lab(seen(two, by))))


def contrast(one: str, two: str, by: str = "everybody") -> float:
    light = [float(np.array([0.2126, 0.7152, 0.0722]) @ seen(colour, by)) for colour in (one, two)]
    return (max(light) + 0.05) / (min(light) + 0.05)


def fills() -> dict[str, list[str]]:
    """Shades of each style of the map."""
    text = (PAGES / "plan_paint.js").read_text(encoding="utf-8")
    table = text[text.index("const FILLS") : text.index("};", text.index("const FILLS"))]
    return {name: re.findall(r"#[0-9a-f]{6}", shades) for name, shades in re.findall(r"(\w+): \[([^\]]*)\]", table)}


def inks() -> dict[str, str]:
    """Ink of the styles that have a pattern."""
    text = (PAGES / "plan_paint.js").read_text(encoding="utf-8")
    (table,) = re.findall(r"const PATTERN_INK = \{([^}]*)\}", text)
    return dict(re.findall(r'(\w+): "(#[0-9a-f]{6})"', table))


def variables() -> dict[str, str]:
    text = (PAGES / "plan.css").read_text(encoding="utf-8")
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", text))


@pytest.mark.parametrize("by", sorted(SEEN_BY))
def test_styles_of_grids_differ_by_pattern_or_clearly_by_colour(by: str) -> None:
    found, patterned = fills(), inks()
    assert set(found) >= {"in", "low", "high", "dedicated", "rural", "none"}
    for one, two in combinations(sorted(set(found) - {"new"}), 2):
        if one in patterned and two in patterned:
            continue  # two patterns that run in different ways
        far = min(apart(a, b, by) for a in found[one] for b in found[two])
        least = LEAST_APART if one not in patterned and two not in patterned else 0.0
        assert far > least, f"{one} and {two} for {by}: {far:.1f}"


@pytest.mark.parametrize("by", sorted(SEEN_BY))
def test_patterns_are_seen_on_their_fills(by: str) -> None:
    found = fills()
    for style, ink in inks().items():
        for shade in found[style]:
            assert contrast(ink, shade, by) >= LEAST_SIGN, f"{style} for {by}"


@pytest.mark.parametrize("by", sorted(SEEN_BY))
def test_words_of_the_band_are_read_on_every_paper(by: str) -> None:
    known = variables()
    papers = [known[name] for name in ("paper", "soft-paper", "main-paper")]
    for name in ("good", "low", "high", "bad", "warn", "soft", "main"):
        for paper in papers:
            assert contrast(known[name], paper, by) >= LEAST_TEXT, f"{name} on {paper} for {by}"


def test_bars_and_map_speak_with_one_colour() -> None:
    known, patterned = variables(), inks()
    assert (known["low"], known["high"]) == (patterned["low"], patterned["high"])
