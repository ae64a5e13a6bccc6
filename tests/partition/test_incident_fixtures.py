"""Figures of the papers, printed to the last digit."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from partition.incidents.compare import Change, compare
from partition.incidents.flags import flag_figures
from partition.incidents.ranking import STEPS, per_10000, streaks
from partition.incidents.rates import Share, Tally, percent, wilson_lower


def test_changsha_has_handled_97_74_percent_of_what_it_received() -> None:
    assert Tally(received=4330, received_handled=4232).handled_of_received.text == "97.74"


def test_tianmen_and_shijingshan_take_what_was_due_for_the_denominator() -> None:
    tianmen = Tally(due=972, due_handled=911, due_in_time=737)
    assert (tianmen.handled_of_due.text, tianmen.in_time_of_due.text) == ("93.72", "75.82")
    assert Share(5912, 6026).text == "98.11"


def test_guangming_fell_by_17_38_and_100_percent_and_divides_by_nothing() -> None:
    before = {"theft": 600, "fraud": 50, "fire": 3, "noise": 0}
    now = {"theft": 498, "fraud": 31, "noise": 4}
    told = compare(now, before)
    assert [told[kind].text for kind in ("theft", "fraud", "fire", "noise")] == ["-17", "-38", "-100", None]
    assert [told[kind].trend for kind in ("theft", "fraud", "fire", "noise")] == ["fell", "fell", "fell", "new"]
    assert (Change(0, 0).trend, Change(0, 0).text, Change(7, 7).text) == ("none", None, "0")


def test_guangming_cleared_all_of_181_red_flags() -> None:
    n = 181
    raised = np.datetime64("2026-01-01T00:00:00") + np.arange(n) * np.timedelta64(1, "D")
    due, cleared = raised + np.timedelta64(30, "D"), np.full(n, np.datetime64("2026-11-05T00:00:00", "us"))
    first, after = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    told = flag_figures(raised.astype("datetime64[us]"), due.astype("datetime64[us]"), cleared, first, after)
    assert (told.before, told.raised, told.cleared, told.open) == (181, 0, 181, 0)
    assert (told.ages, told.oldest_days, told.overdue) == ((0, 0, 0, 0), None, 0)
    still = np.full(n, np.datetime64("NaT", "us"))
    told = flag_figures(raised.astype("datetime64[us]"), due.astype("datetime64[us]"), still, first, after)
    assert (told.before, told.open, sum(told.ages)) == (181, 181, 181)
    assert told.overdue == sum(bool(day < np.datetime64("2026-12-01")) for day in due)


def test_the_first_second_and_third_month_at_the_bottom_are_urged_summoned_and_held_to_account() -> None:
    bottoms = [frozenset(names.split()) for names in ("a", "a b", "a b", "b c", "a b")]
    table = {one.unit: one for one in streaks(["a", "b", "c", "d"], bottoms)}
    assert {unit: one.months for unit, one in table.items()} == {
        "a": (1, 2, 3, 0, 1),
        "b": (0, 1, 2, 3, 4),
        "c": (0, 0, 0, 1, 0),
        "d": (0, 0, 0, 0, 0),
    }
    assert [table[unit].step for unit in "abcd"] == ["supervise", "account", "", ""]
    assert [one.step for one in streaks("abcd", bottoms[:2])] == ["summon", "supervise", "", ""]
    assert STEPS == ("", "supervise", "summon", "account")


@pytest.mark.parametrize(
    ("n", "of", "digits", "text"),
    [
        (1, 8, 0, "13"),
        (1, 800, 2, "0.13"),
        (5, 1000, 1, "0.5"),
        (0, 9, 2, "0.00"),
        (9, 9, 2, "100.00"),
        (3, 0, 2, None),
    ],
)
def test_half_a_digit_goes_up_whatever_binary_fractions_do(n: int, of: int, digits: int, text: str | None) -> None:
    assert percent(n, of, digits) == text


def test_one_of_one_is_not_the_best_there_is() -> None:
    few, many = wilson_lower(1, 1), wilson_lower(95, 100)
    assert few is not None
    assert many is not None
    assert few < many
    # Wilson 1927 by hand for 95 of 100: (0.95 + z2/200 -+ z sqrt(...)) / (1 + z2/100)
    assert many == pytest.approx(0.888250, abs=1e-6)
    assert wilson_lower(0, 0) is None


def test_cases_over_ten_thousand_inhabitants() -> None:
    assert (per_10000(37, 28_400), per_10000(3, 0)) == ("13.03", None)
