"""Totals over many outings: the published figures of two districts, to the last digit."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from partition.patrol.tracks.statistics import (
    Outing,
    OutingTotals,
    Sweep,
    SweepTotals,
    total_outings,
    total_sweeps,
)


def shares(total: int, n: int, seed: int) -> list[int]:
    """Random whole numbers that add up to a total."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(total, rng.dirichlet(np.full(n, 4.0))).tolist()


def outings(hours: int, km: int, person_times: int, n: int = 20_000, over_s: int = 0, over_cm: int = 0) -> list[Outing]:
    columns = (
        shares(3_600 * hours + over_s, n, 1),
        shares(100_000 * km + over_cm, n, 2),
        [1 + extra for extra in shares(person_times - n, n, 3)],
    )
    return [Outing(*row) for row in zip(*columns)]


def test_the_published_totals_of_the_first_district_come_out_exactly() -> None:
    total = total_outings(outings(28_577, 85_732, 41_959))
    assert (total.hours, total.km, total.person_times) == (28_577, 85_732, 41_959)
    assert total.mean_kmh == Decimal("3.00")
    assert total.km_per_person_time == Decimal("2.04")
    assert total.hours_per_person_time == Decimal("0.68")


def test_seconds_and_centimetres_beyond_the_published_figures_are_rounded_once_at_the_end() -> None:
    for over_s, over_cm in ((1_799, 49_999), (-1_800, -50_000)):
        total = total_outings(outings(28_577, 85_732, 41_959, over_s=over_s, over_cm=over_cm))
        assert (total.hours, total.km) == (28_577, 85_732)
        assert total.mean_kmh == Decimal("3.00")
    assert total_outings(outings(28_577, 85_732, 41_959, over_s=1_800)).hours == 28_578


def test_rounding_every_row_first_would_not_give_the_published_figures() -> None:
    rows = outings(28_577, 85_732, 41_959)
    assert sum(round(o.seconds / 3600) for o in rows) != 28_577
    assert sum(round(o.centimetres / 100_000) for o in rows) != 85_732


def test_the_published_totals_of_the_second_district_come_out_exactly() -> None:
    columns = (shares(247, 14, 4), shares(1_499, 14, 5), shares(1_987, 14, 6), shares(558, 14, 7))
    held = [Sweep(True, *row) for row in zip(*columns)]
    sweeps = [*held[:5], Sweep(False), *held[5:], Sweep(False)]
    assert total_sweeps(sweeps) == SweepTotals(16, 14, 247, 1_499, 1_987, 558)


def test_a_sweep_that_was_called_off_adds_nothing_but_itself() -> None:
    assert total_sweeps([Sweep(False, 9, 9, 9, 9)]) == SweepTotals(planned=1)


def test_no_outing_has_no_means() -> None:
    total = total_outings([])
    assert (total.hours, total.km, total.mean_kmh, total.km_per_person_time) == (0, 0, None, None)
    assert total_outings([Outing(0, 500, 1)]).mean_kmh is None


def test_halves_are_rounded_up_from_the_exact_value() -> None:
    assert OutingTotals(1, 1_800, 50_000, 1).hours == 1
    assert OutingTotals(1, 3_600, 299_500, 1).mean_kmh == Decimal("3.00")
    assert OutingTotals(1, 3_600, 299_499, 1).mean_kmh == Decimal("2.99")


ROWS = st.lists(st.builds(Outing, *(st.integers(0, 10**7) for _ in range(3))), max_size=20)


@given(ROWS, st.randoms())
def test_neither_order_nor_division_into_tables_changes_a_total(rows: list[Outing], random: object) -> None:
    whole = total_outings(rows)
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    half = len(mixed) // 2
    assert total_outings(mixed[:half]) + total_outings(mixed[half:]) == whole
