"""Device ids of twenty digits: read, cut, and every fault by its code."""

from __future__ import annotations

import pytest

from gis.errors import InputError
from partition.coverage.cameras.gb28181 import DeviceId, read_device_id, verdict

GOOD = "33040200011326000123"


def test_the_published_example_is_cut_into_its_parts() -> None:
    assert read_device_id(GOOD) == DeviceId("330402", "00", "01", "132", "6", "000123")
    assert verdict(GOOD) == "ok"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("99040200011326000123", "gb28181_centre"),  # no such province
        ("33000200011326000123", "gb28181_centre"),  # a county under an unused prefecture
        ("33040001011326000123", "gb28181_centre"),  # a base unit under an unused county
        ("33040200131326000123", "gb28181_industry"),
        ("33040200392326000123", "gb28181_industry"),
        ("33040200011116000123", "gb28181_type"),  # a recorder
        ("33040200012006000123", "gb28181_type"),  # a platform
        ("33040200011329000123", "gb28181_network"),
        ("3304020001132600012", "gb28181_length"),
        ("330402000113260001234", "gb28181_length"),
    ],
)
def test_each_fault_has_its_code(text: str, code: str) -> None:
    assert verdict(text) == code
    with pytest.raises(InputError) as caught:
        read_device_id(text)
    assert caught.value.code == code


def test_all_faults_of_an_id_are_told_together() -> None:
    with pytest.raises(InputError) as caught:
        read_device_id("99040200201119000123")
    assert [f.code for f in caught.value.faults] == [
        "gb28181_centre",
        "gb28181_industry",
        "gb28181_type",
        "gb28181_network",
    ]


@pytest.mark.parametrize("text", ["", "c000123", "330402", "3304020001132600012X", "3" * 18])
def test_other_ids_are_no_attempt_at_one(text: str) -> None:
    assert verdict(text) == "none"


@pytest.mark.parametrize(
    "text",
    [
        "11010100001310000001",  # a municipality
        "44190001401327000001",  # a prefecture without counties: its towns hang on it
        "33040215001325000001",  # a base unit
        "33000000001325000001",  # the centre of a province
        "81000000001325000001",
    ],
)
def test_centres_of_every_height_are_valid(text: str) -> None:
    assert verdict(text) == "ok"


def test_full_width_digits_are_no_digits() -> None:
    wide = GOOD.translate({ord("0") + k: 0xFF10 + k for k in range(10)})
    assert verdict(wide) == "none"
    with pytest.raises(InputError, match="gb28181_not_digits"):
        read_device_id(wide)
