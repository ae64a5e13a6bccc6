"""A level of pixel density has one name in a language, wherever it is said: command, desk, map, table."""

from __future__ import annotations

import pytest

from api.i18n import sentences
from data.papers.words import paper_words
from gis.sight.profile import PROFILE_2015
from maps.coverage.words import coverage_words


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("level", PROFILE_2015.names)
def test_a_level_has_one_name_everywhere(level: str, language: str) -> None:
    said = {
        sentences(language)[f"sight_level_{level}"],
        sentences(language)[f"cover_level_{level}"],
        paper_words()[language][f"level_{level}"],
        coverage_words(language)[f"level_{level}"],
    }
    assert len({name.casefold() for name in said}) == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_two_levels_share_a_name(language: str) -> None:
    names = [coverage_words(language)[f"level_{level}"] for level in PROFILE_2015.names]
    assert len(set(names)) == len(names)
