"""Coverage settings from TOML and back: every field, defaults for the rest, every fault at once."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import InputError
from gis.sight.profile import PixelProfile
from gis.streets.network import Mode
from partition.coverage.settings import OPTICS, Band, CameraSettings, ReachRule, ReachSettings
from partition.coverage.settings_faults import CAMERA_RANGES, REACH_RANGES, assert_settings
from partition.coverage.settings_toml import cameras_from_toml, coverage_from_toml, reach_from_toml, to_toml

_CAMERAS = """
[cameras]
level = "facial"
private_level = "far"
headings = 8
per_pole = 1
sample_m = 4
private_most_m = inf
forbidden_estates = ["hospital"]

[cameras.density]
"111" = 80
rural = 9

[cameras.planned_channels]
all = 5700
bright = 100

[cameras.forbidden_near_m]
"浴室" = 30

[cameras.model]
focal_mm = 6
px_width = 3840

[cameras.profile]
edition = "a later one"
levels = {facial = 300, far = 20.5}

[patrol]
other = "tables are left alone"
"""
_REACH = """
[reach]
turn_out_s = 60
ring_minutes = [2, 4]
[reach.speed_kmh]
car = 30
[[reach.rules]]
name = "2"
minutes = 2
mode = "foot"
[[reach.bands]]
name = "all day"
posts = ["police"]
"""


def codes(text: str) -> list[tuple[str, object]]:
    with pytest.raises(InputError) as caught:
        coverage_from_toml(text, file="c.toml")
    assert all(fault.facts["file"] == "c.toml" for fault in caught.value.faults)
    return [(fault.code, fault.facts.get("column") or fault.facts["measured"]) for fault in caught.value.faults]


def test_every_field_is_read_and_the_rest_keeps_its_default() -> None:
    assert cameras_from_toml(_CAMERAS) == CameraSettings(
        density={"urban": 70.0, "rural": 9.0, "111": 80.0},
        planned_channels={"": 5700, "bright": 100},
        profile=PixelProfile("a later one", (("far", 20.5), ("facial", 300.0))),
        level="facial",
        private_level="far",
        headings=8,
        per_pole=1,
        sample_m=4.0,
        forbidden_estates=frozenset({"hospital"}),
        forbidden_near_m={"浴室": 30.0},
        model=replace(OPTICS, focal_mm=6.0, px_width=3840),
    )
    assert cameras_from_toml("[cameras]\n") == CameraSettings()


def test_a_table_of_promises_replaces_the_default_one_and_speeds_do_not() -> None:
    settings = reach_from_toml(_REACH)
    assert settings == replace(
        ReachSettings(),
        turn_out_s=60.0,
        ring_minutes=(2.0, 4.0),
        speed_kmh={**ReachSettings().speed_kmh, Mode.CAR: 30.0},
        rules=(ReachRule("2", 2.0, mode=Mode.FOOT),),
        bands=(Band("all day", posts=frozenset({"police"})),),
    )
    assert reach_from_toml("[reach]") == ReachSettings()


def test_settings_written_and_read_again_are_the_same() -> None:
    for text in (_CAMERAS + _REACH, "[cameras]"):
        settings = coverage_from_toml(text)
        assert coverage_from_toml(to_toml(*settings)) == settings
    assert cameras_from_toml(to_toml(CameraSettings())) == CameraSettings()
    assert reach_from_toml(to_toml(None, ReachSettings())) == ReachSettings()


@given(
    st.dictionaries(st.text(min_size=1).filter(lambda name: name != "all"), st.integers(1, 10**6), max_size=3),
    st.floats(0, 1e6),
    st.text(min_size=1),
)
def test_hostile_names_and_any_number_survive_the_round(planned: dict[str, int], price: float, name: str) -> None:
    settings = CameraSettings(planned_channels=planned, private_price=price)
    reach = replace(ReachSettings(), rules=(ReachRule(name, 1.0, places=frozenset({name})),))
    assert coverage_from_toml(to_toml(settings, reach)) == (settings, reach)


def test_every_number_has_a_range_and_nan_is_in_none() -> None:
    for ranges, base in ((CAMERA_RANGES, CameraSettings()), (REACH_RANGES, ReachSettings())):
        numbers = {f.name for f in fields(base) if type(getattr(base, f.name)) in (int, float)}
        assert numbers == set(ranges)
        for name in numbers:
            with pytest.raises(InputError, match="coverage_settings_out_of_range"):
                assert_settings(replace(base, **{name: math.nan}))
    assert_settings(CameraSettings())
    assert_settings(ReachSettings())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[cameras", [("coverage_settings_not_toml", "Expected")]),
        ("[patrol]", [("coverage_settings_no_table", "patrol")]),
        ("[cameras]\npoles = 1", [("coverage_settings_unknown_key", "cameras.poles")]),
        ("[cameras.model]\nzoom = 1", [("coverage_settings_unknown_key", "cameras.model.zoom")]),
        ("[cameras.density]\n999 = 1", [("coverage_settings_not_one_of", "cameras.density")]),
        ("[cameras.density]\nurban = -1", [("coverage_settings_out_of_range", "cameras.density.urban")]),
        ("[cameras.density]\nurban = true", [("coverage_settings_wrong_type", "cameras.density.urban")]),
        ("[cameras]\ndensity = 70", [("coverage_settings_wrong_type", "cameras.density")]),
        ("[cameras]\nheadings = 2.5", [("coverage_settings_wrong_type", "cameras.headings")]),
        ("[cameras]\nlevel = 'blurred'", [("coverage_settings_not_one_of", "cameras.level")]),
        ("[cameras]\nforbidden_estates = ['spa']", [("coverage_settings_not_one_of", "cameras.forbidden_estates")]),
        ("[cameras.default]\nfocal_mm = 0", [("coverage_settings_out_of_range", "cameras.default.focal_mm")]),
        ("[cameras.profile]\nedition = 'x'", [("coverage_settings_empty", "cameras.profile")]),
        (
            "[cameras]\nlevel='a'\nprivate_level='b'\n[cameras.profile]\nedition = 'x'\nlevels = {a = 20, b = 20}",
            [("coverage_settings_name_twice", "cameras.profile.levels")],
        ),
        ("[reach]\nrules = []", [("coverage_settings_empty", "reach.rules")]),
        (
            "[reach]\nbands = 3",
            [("coverage_settings_wrong_type", "reach.bands"), ("coverage_settings_empty", "reach.bands")],
        ),
        ("[reach]\nring_minutes = ['1']", [("coverage_settings_wrong_type", "reach.ring_minutes")]),
        ("[reach]\nring_minutes = [0]", [("coverage_settings_out_of_range", "reach.ring_minutes.1")]),
        ("[reach.speed_kmh]\nhorse = 9", [("coverage_settings_unknown_key", "reach.speed_kmh.horse")]),
        ("[reach.speed_kmh]\ncar = nan", [("coverage_settings_out_of_range", "reach.speed_kmh.car")]),
        (
            "[[reach.rules]]\nname='a'\nminutes=1\nmode='jet'\n[[reach.rules]]\nname='a'\nminutes=0\nposts=['fire']",
            [
                ("coverage_settings_wrong_type", "reach.rules.1.mode"),
                ("coverage_settings_out_of_range", "reach.rules.2.minutes"),
                ("coverage_settings_name_twice", "reach.rules"),
                ("coverage_settings_not_one_of", "reach.rules.2.posts"),
            ],
        ),
        ("[[reach.rules]]\nminutes = 1", [("coverage_settings_empty", "reach.rules.name")]),
    ],
)
def test_each_fault_is_told_where_it_stands(text: str, wanted: list[tuple[str, str]]) -> None:
    found = codes(text)
    assert [code for code, _ in found] == [code for code, _ in wanted]
    assert all(str(where).startswith(start) for (_, where), (_, start) in zip(found, wanted, strict=True)), found


def test_the_faults_of_both_tables_are_told_together() -> None:
    assert codes("[cameras]\nworking_frac = 2\nx = 1\n[reach]\nworst = -1") == [
        ("coverage_settings_unknown_key", "cameras.x"),
        ("coverage_settings_out_of_range", "cameras.working_frac"),
        ("coverage_settings_out_of_range", "reach.worst"),
    ]
