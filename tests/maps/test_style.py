"""Colours: far enough apart for every kind of colour vision, and neighbours never alike."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from maps.colouring import borders, colour
from maps.style import COLOURS, FILLS, PATH_RANK, css_variables, street_rank

# Machado, Oliveira and Fernandes 2009, full severity: how a colour looks without one kind of cone.
VISION = {
    "usual": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)


def linear(colour_code: str) -> np.ndarray:
    c = np.array([int(colour_code[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(colour_code: str, vision: str) -> np.ndarray:
    rgb = np.clip(np.asarray(VISION[vision]) @ linear(colour_code), 0, 1)
    xyz = TO_XYZ @ rgb / (0.95047, 1.0, 1.08883)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(a: str, b: str) -> float:
    lights = sorted(float(np.array([0.2126, 0.7152, 0.0722]) @ linear(c)) + 0.05 for c in (a, b))
    return lights[1] / lights[0]


@pytest.mark.parametrize("vision", VISION)
def test_fills_differ_for_every_kind_of_colour_vision(vision: str) -> None:
    for a, b in combinations(FILLS, 2):
        least = 5.5 if FILLS[-1] in (a, b) else 7.0
        assert np.linalg.norm(lab(a, vision) - lab(b, vision)) >= least, (a, b)


@pytest.mark.parametrize("vision", VISION)
def test_the_strong_colour_stands_apart_from_every_fill(vision: str) -> None:
    for fill in FILLS:
        assert np.linalg.norm(lab(COLOURS["action"], vision) - lab(fill, vision)) > 35


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("ink", "paper"),
        ("ink-soft", "paper"),
        ("ink-soft", "paper-soft"),
        ("action-text", "action-soft"),
        ("paper", "action-text"),
        ("paper", "chosen"),
        ("good", "paper"),
    ],
)
def test_text_has_contrast_of_at_least_four_and_a_half(ink: str, ground: str) -> None:
    assert contrast(COLOURS[ink], COLOURS[ground]) >= 4.5


def test_labels_can_be_read_on_every_fill() -> None:
    assert min(contrast(COLOURS["ink"], fill) for fill in FILLS) >= 7


def test_the_page_knows_every_colour_as_a_variable() -> None:
    css = css_variables()
    assert all(f"--{name}:{value};" in css for name, value in COLOURS.items())


def test_streets_have_a_rank_whatever_their_class() -> None:
    ranks = [street_rank(c) for c in ("motorway", "primary", "tertiary", "residential", "service", "steps")]
    assert ranks == [0, 1, 2, 3, 4, PATH_RANK]
    assert street_rank(None) == street_rank("") == street_rank("residential")


def chequerboard(n: int) -> np.ndarray:
    return np.array([shapely.box(i, j, i + 1, j + 1) for i in range(n) for j in range(n)], dtype=object)


def test_borders_are_shared_edges_and_not_corners() -> None:
    pairs, length_m = borders(chequerboard(3))
    assert len(pairs) == 12
    assert (length_m == 1).all()
    assert (pairs[:, 0] < pairs[:, 1]).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 80), st.integers(0, 10_000))
def test_neighbours_never_have_the_same_fill(n: int, seed: int) -> None:
    points = np.random.default_rng(seed).uniform(0, 1000, (n, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points)))
    pairs, _ = borders(np.asarray(cells))
    fill = colour(len(cells), pairs, len(FILLS))
    assert set(fill.tolist()) <= set(range(len(FILLS)))
    assert (fill[pairs[:, 0]] != fill[pairs[:, 1]]).all()


def test_colouring_is_the_same_every_time_and_uses_fills_evenly() -> None:
    pairs, _ = borders(chequerboard(12))
    first, again = colour(144, pairs, 6), colour(144, pairs, 6)
    assert (first == again).all()
    used = np.bincount(first, minlength=6)
    assert used[5] == 0
    assert used[:5].min() > 15


def test_colouring_survives_more_contacts_than_a_plane_allows() -> None:
    everybody = np.array(list(combinations(range(9), 2)))
    fill = colour(9, everybody, 6)
    assert len(set(fill.tolist())) == 6
    clashes = (fill[everybody[:, 0]] == fill[everybody[:, 1]]).sum()
    assert clashes == 3  # nine things in six colours: three pairs must clash
