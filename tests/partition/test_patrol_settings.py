"""Patrol settings from TOML: every field, defaults for the rest, every fault at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gis.errors import InputError
from gis.streets.network import Mode
from partition.patrol.settings import PatrolSettings, Speeds
from partition.patrol.settings_toml import assert_settings, settings_from_toml

_ALL = """
[patrol]
mode = "ebike"
classes = ["residential", "service"]
both_sides_classes = []
inspect_estates = true
open = true
snap_m = 1
passage_m = 12.5
place_m = 80
shift_minutes = 120
default_dwell_min = 2
patrollers = 3

[patrol.speeds.foot]
inspecting_kmh = 2.5

[zoning]
other = "tables are left alone"
"""


def codes(text: str) -> list[tuple[str, object]]:
    with pytest.raises(InputError) as caught:
        settings_from_toml(text, file="p.toml")
    assert all(fault.facts["file"] == "p.toml" for fault in caught.value.faults)
    return [(fault.code, fault.facts.get("column") or fault.facts["measured"]) for fault in caught.value.faults]


def test_every_field_is_read_and_the_rest_keeps_its_default() -> None:
    settings = settings_from_toml(_ALL)
    assert settings == PatrolSettings(
        mode=Mode.EBIKE,
        speeds={**PatrolSettings().speeds, Mode.FOOT: Speeds(4.5, 2.5)},
        classes=frozenset({"residential", "service"}),
        both_sides_classes=frozenset(),
        inspect_estates=True,
        snap_m=1.0,
        passage_m=12.5,
        place_m=80.0,
        shift_minutes=120.0,
        n_patrollers=3,
        is_open=True,
        default_dwell_min=2.0,
    )
    assert settings_from_toml("[patrol]\n") == PatrolSettings()


def test_all_faults_are_told_at_once() -> None:
    text = """
    [patrol]
    mode = "horse"
    speed = 3
    classes = "residential"
    patrollers = 1.5
    open = "yes"
    shift_minutes = 0
    [patrol.speeds.foot]
    passing_kmh = true
    pasing_kmh = 4
    [patrol.speeds.horse]
    [patrol.speeds.car]
    inspecting_kmh = 40
    """
    assert sorted(codes(text)) == sorted(
        [
            ("patrol_settings_wrong_type", "mode"),
            ("patrol_settings_unknown_key", "speed"),
            ("patrol_settings_wrong_type", "classes"),
            ("patrol_settings_wrong_type", "patrollers"),
            ("patrol_settings_wrong_type", "open"),
            ("patrol_settings_wrong_type", "speeds.foot.passing_kmh"),
            ("patrol_settings_unknown_key", "speeds.foot.pasing_kmh"),
            ("patrol_settings_unknown_key", "speeds.horse"),
            ("patrol_settings_out_of_range", "shift_minutes"),
            ("patrol_settings_inspecting_faster", "speeds.car"),
        ]
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[patrol", "patrol_settings_not_toml"),
        ("mode = 'foot'", "patrol_settings_no_table"),
        ("patrol = 3", "patrol_settings_no_table"),
        ("[patrol]\nspeeds = 3", "patrol_settings_wrong_type"),
        ("[patrol.speeds]\nfoot = 3", "patrol_settings_wrong_type"),
        ("[patrol]\nclasses = []", "patrol_settings_no_class"),
        ("[patrol]\nsnap_m = nan", "patrol_settings_out_of_range"),
    ],
)
def test_a_file_that_is_no_settings_says_why(text: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        settings_from_toml(text, file="p.toml")
    assert caught.value.code == code


def test_values_are_checked_wherever_they_come_from() -> None:
    assert_settings(replace(PatrolSettings(), shift_minutes=float("inf")))
    with pytest.raises(InputError) as caught:
        assert_settings(replace(PatrolSettings(), shift_minutes=-1.0, n_patrollers=101))
    assert [fault.facts["column"] for fault in caught.value.faults] == ["shift_minutes", "patrollers"]
