"""Profiles of codes: reading, checking, converting, and the register of numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import InputError
from partition.codes import (
    Register,
    convert,
    is_revoked,
    profile_of,
    read_community,
    read_village_class,
    reclassed,
    stat15,
    validate,
)
from partition.codes.units import looks_like_class_table, plain_name

COMMUNITY = "330402015006"
STAT15, CJT349, UNIT14 = profile_of("stat15"), profile_of("cjt349-20"), profile_of("unit14")


def fault_codes(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [fault.code for fault in error.value.faults]


def test_the_worked_example_reads_and_writes_in_every_profile():
    assert STAT15.format(COMMUNITY, 1) == "330402015006001"
    assert CJT349.format(COMMUNITY, 1) == "01010033040201500601"
    assert UNIT14.format(COMMUNITY, 1) == "33040201500601"
    assert profile_of("{community}{seq:04d}").format(COMMUNITY, 1) == "3304020150060001"
    micro = STAT15.parse("33040201500600103")
    assert (micro.community, micro.sequence, micro.micro, micro.kind) == (COMMUNITY, 1, 3, "standard")
    parts = CJT349.parse("01010033040201500601")
    assert (parts.managed_object, parts.community, parts.sequence, parts.kind) == ("010100", COMMUNITY, 1, None)


def test_a_community_code_tells_its_town_and_committee():
    code = read_community(COMMUNITY)
    assert (code.province, code.prefecture, code.county, code.town, code.village) == (
        *("33", "3304", "330402"),
        *("015", "006"),
    )
    assert (code.town_kind, code.committee) == ("subdistrict", "residents")
    # By the number: a villagers' committee of class 111 and a residents' committee in a village both exist.
    assert read_community("440983102209").committee == "villagers"
    assert read_community("522632210500").committee == "village_like"
    assert read_community("411381110002").town_kind == "town"
    assert read_community("330402999999").town_kind == "unknown"


@pytest.mark.parametrize(
    ("number", "kind"), [(1, "standard"), (599, "standard"), (600, "dedicated"), (899, "dedicated"), (900, "street")]
)
def test_the_number_of_a_stat15_code_tells_its_kind(number, kind):
    assert STAT15.parse(f"{COMMUNITY}{number:03d}").kind == kind


def test_a_cjt349_grid_over_several_communities_has_none_and_00_is_undivided():
    several = CJT349.parse("01010033040201560102")
    assert several.community is None
    assert several.area is None
    assert CJT349.parse("01010033040201500600").sequence == 0
    assert CJT349.parse("01010033040201560001").community == "330402015600"


@pytest.mark.parametrize(
    ("profile", "code", "fault"),
    [
        ("stat15", "33040201500601", "codes_wrong_length"),
        ("stat15", "", "codes_not_digits"),
        ("stat15", "330402015006 01", "codes_not_digits"),
        ("stat15", "３30402015006001", "codes_not_digits"),
        ("stat15", "330402015006000", "codes_sequence_out_of_range"),
        ("stat15", "33040201500600100", "codes_sequence_out_of_range"),
        ("unit14", "33040201500600", "codes_sequence_out_of_range"),
        ("unit14", "330402015006001", "codes_wrong_length"),
        ("cjt349-20", "0101003304020150060", "codes_wrong_length"),
        ("G-{community}-{seq:02d}", "G-7", "codes_off_template"),
        ("G-{community}-{seq:02d}", "G-7-00", "codes_sequence_out_of_range"),
    ],
)
def test_a_code_of_wrong_form_is_refused_with_its_reason(profile, code, fault):
    with pytest.raises(InputError) as error:
        profile_of(profile).parse(code)
    assert fault_codes(error) == [fault]


@pytest.mark.parametrize("name", ["stat-15", "", "custom"])
def test_an_unknown_profile_is_refused(name):
    with pytest.raises(InputError) as error:
        profile_of(name)
    assert fault_codes(error) == ["codes_profile_unknown"]


@pytest.mark.parametrize(
    "template",
    [
        *("{community}", "{seq:04d}", "{community}{seq}", "{community}{seq:4d}", "{community}{seq:04d}{seq:04d}"),
        *("{community}{seq:09d}", "{community!r}{seq:04d}", "{community.code}{seq:04d}", "{community}{seq:04d"),
        *("{town}{seq:03d}", "{0}{seq:03d}", "{community}{town}{seq:03d}", "{community:>20}{seq:03d}"),
    ],
)
def test_a_template_that_does_not_tell_grids_apart_is_refused(template):
    with pytest.raises(InputError) as error:
        profile_of(template)
    assert fault_codes(error) == ["codes_template_wrong"]


@given(
    st.sampled_from(
        [
            *("stat15", "unit14", "cjt349-20", "{community}{seq:04d}", "GW{county}/{town}.{village}-{seq:02d}"),
            "{seq:03d}+{community}",
        ]
    ),
    st.from_regex(r"[1-9][0-9]{8}[0-5][0-9]{2}", fullmatch=True),
    st.integers(1, 99),
)
def test_what_a_profile_writes_it_reads(name, community, number):
    profile = profile_of(name)
    parts = profile.parse(profile.format(community, number))
    assert (parts.community, parts.sequence) == (community, number)


def test_custom_codes_take_communities_of_any_text():
    profile = profile_of("{community}-{seq:02d}")
    parts = profile.parse("东村-北-07")
    assert (parts.community, parts.sequence, parts.area) == ("东村-北", 7, None)


def test_validate_tells_every_fault_at_once():
    with pytest.raises(InputError) as error:
        validate(
            [f"{COMMUNITY}001", f"{COMMUNITY}001", f"{COMMUNITY}1", "330402015007600", f"{COMMUNITY}000"],
            STAT15,
            communities=[COMMUNITY],
        )
    assert sorted(fault_codes(error)) == [
        *("codes_community_unknown", "codes_sequence_out_of_range", "codes_twice", "codes_wrong_length")
    ]


def test_villages_with_their_class_are_not_taken_for_grids():
    table = ["440983102209111", "411381110002220", "330402015006111", "522632210500220"]
    assert looks_like_class_table(table)
    with pytest.raises(InputError) as error:
        validate(table, STAT15)
    assert fault_codes(error) == ["codes_class_table"]
    row = read_village_class(table[0])
    assert (row.community.committee, row.class_code, row.is_urban) == ("villagers", "111", True)
    assert not read_village_class(table[1]).is_urban
    with pytest.raises(InputError) as error:
        read_village_class("330402015006001")
    assert fault_codes(error) == ["codes_class_unknown"]
    # Grid 111 of a large community is a grid: its community comes more than once.
    grids = [f"{COMMUNITY}{n:03d}" for n in range(1, 123)]
    assert len(validate(grids, STAT15)) == 122


def test_revoked_and_reclassed_villages_are_found_in_a_table():
    assert is_revoked("摆拉村[已撤销]")
    assert plain_name("摆拉村[已撤销]") == "摆拉村"
    assert not is_revoked("摆拉村")
    table = [
        ("522632210207", "摆拉村[已撤销]"),
        ("522632210500", "摆拉村"),
        ("522632210208", "平阳村[已撤销]"),
        ("522632211500", "平阳村"),  # another town: a name alone proves nothing
        ("522632210301", "大寨村[已撤销]"),
        ("522632210302", "大寨村[已撤销]"),
        ("522632210303", "大寨村"),
    ]
    assert reclassed(table) == (("522632210207", "522632210500"),)


def test_converting_to_two_digits_never_cuts_them():
    codes = [f"{COMMUNITY}{n:03d}" for n in (1, 2, 6, 600, 601, 606)]
    pairs = convert(codes, STAT15, UNIT14)
    assert pairs == {
        f"{COMMUNITY}001": f"{COMMUNITY}01",
        f"{COMMUNITY}002": f"{COMMUNITY}02",
        f"{COMMUNITY}006": f"{COMMUNITY}06",
        f"{COMMUNITY}600": f"{COMMUNITY}03",
        f"{COMMUNITY}601": f"{COMMUNITY}04",
        f"{COMMUNITY}606": f"{COMMUNITY}05",
    }


def test_pairs_once_made_stay_and_their_numbers_are_not_given_again():
    known = convert([f"{COMMUNITY}001", f"{COMMUNITY}600"], STAT15, CJT349)
    assert known[f"{COMMUNITY}600"] == "01010033040201500602"
    # 600 is gone; a new grid 002 may not take the number that was 600's, which its own number would be.
    later = convert([f"{COMMUNITY}001", f"{COMMUNITY}002"], STAT15, CJT349, known=known)
    assert later == {f"{COMMUNITY}001": "01010033040201500601", f"{COMMUNITY}002": "01010033040201500603"}


def test_a_community_with_more_grids_than_numbers_is_refused():
    codes = [f"{COMMUNITY}{n:03d}" for n in range(1, 101)]
    with pytest.raises(InputError) as error:
        convert(codes, STAT15, UNIT14)
    assert fault_codes(error) == ["codes_sequence_overflow"]
    assert len(set(convert(codes[:99], STAT15, UNIT14).values())) == 99


def test_converting_from_two_digits_takes_the_kind_from_the_caller():
    codes = [f"{COMMUNITY}{n:02d}" for n in (1, 2, 3)]
    pairs = convert(codes, UNIT14, STAT15, kinds={f"{COMMUNITY}02": "dedicated"})
    assert list(pairs.values()) == [f"{COMMUNITY}001", f"{COMMUNITY}600", f"{COMMUNITY}003"]


def test_what_has_no_form_in_the_other_profile_is_refused():
    for codes, source, target, fault in (
        (["01010033040201560102"], CJT349, STAT15, "codes_several_communities"),
        ([f"{COMMUNITY}00103"], STAT15, UNIT14, "codes_micro"),
        (["01010033040201500600", "01010033040201500601"], CJT349, STAT15, "codes_undivided"),
        (["东村-07"], profile_of("{community}-{seq:02d}"), STAT15, "codes_community_malformed"),
    ):
        with pytest.raises(InputError) as error:
            convert(codes, source, target)
        assert fault_codes(error) == [fault]
    assert convert(["01010033040201500600"], CJT349, STAT15) == {"01010033040201500600": f"{COMMUNITY}001"}


@given(st.sets(st.one_of(st.integers(1, 99), st.integers(600, 640)), max_size=60))
def test_conversion_gives_every_grid_its_own_code_and_goes_back_by_its_pairs(numbers):
    codes = [f"{COMMUNITY}{n:03d}" for n in numbers]
    pairs = convert(codes, STAT15, CJT349)
    assert sorted(pairs) == sorted(codes)
    assert len(set(pairs.values())) == len(codes)
    assert all(pairs[c][-2:] == c[-2:] for c in codes if c[12:] < "100")
    back = {new: old for old, new in pairs.items()}
    kinds = {new: STAT15.parse(old).kind for new, old in back.items()}
    assert convert(list(back), CJT349, STAT15, known=back, kinds=kinds) == dict(sorted(back.items()))


def test_the_register_gives_the_lowest_number_that_was_never_used():
    register = Register(["C001", "C003", "C600", "C602"], ["C"])
    assert [register.take("C", kind) for kind in ("standard", "rural", "dedicated", "standard", "street")] == [
        *("C002", "C004", "C601", "C005", "C900")
    ]
    assert register.retired(["C002"]) == ("C001", "C003", "C004", "C005", "C600", "C601", "C602", "C900")
    with pytest.raises(InputError, match="codes_issued_before"):
        register.issue("C001")


def test_a_community_that_used_up_its_numbers_goes_on_with_a_digit_more():
    register = Register([f"C{n:03d}" for n in range(1, 599)], ["C"])
    assert [register.take("C", "standard") for _ in range(3)] == ["C599", "C1000", "C1001"]
    assert Register([f"C{n:03d}" for n in range(600, 900)], ["C"]).take("C", "dedicated") == "C6000"


def test_communities_whose_codes_begin_alike_do_not_share_numbers():
    register = Register(["V10001"], ["V1", "V10"])
    assert register.take("V1", "standard") == "V1001"
    assert register.take("V10", "standard") == "V10002"


@given(st.integers(0, 700), st.integers(0, 400))
def test_a_first_numbering_and_the_register_agree(n_standard, n_dedicated):
    n = n_standard + n_dedicated
    dedicated = np.arange(n) >= n_standard
    codes = stat15("C", np.arange(n, dtype=float), np.zeros(n), np.ones(n), dedicated)
    assert len(set(codes)) == n
    register = Register(codes, ["C"])
    assert register.take("C", "standard") not in codes
