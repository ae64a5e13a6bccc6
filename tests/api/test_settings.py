"""The environment."""

from __future__ import annotations

import pytest

from api import settings


@pytest.mark.parametrize(
    ("asked", "environ", "expected"),
    [
        (None, {}, "en"),
        ("zh", {"GRIDWRIGHT_LANG": "en"}, "zh"),
        (None, {"GRIDWRIGHT_LANG": "zh", "LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LC_ALL": "zh-TW", "LANG": "en_GB.UTF-8"}, "zh"),
        (None, {"LANG": "C.UTF-8"}, "en"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        ("fr", {"LANG": "zh_CN"}, "zh"),
    ],
)
def test_language_is_what_was_asked_then_the_environment_then_english(asked, environ, expected) -> None:
    assert settings.language(asked, environ) == expected


def test_source_date_epoch_fixes_the_moment(monkeypatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert settings.fixed_moment() == "2023-11-14T22:13:20Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    assert settings.fixed_moment() is None
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert settings.fixed_moment() is None


def test_there_is_at_least_one_core() -> None:
    assert settings.n_cores() >= 1
