"""The ring of the newest events: what each listener is sent from it, as one chain without gaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.usecases import incident_ring
from api.usecases.incident_ring import Ring, batch_of, encoded, resync, thinned
from data.store.rooms.incident_cards import LEFT, DeskEvent
from tests.incident_stream_kit import Message, messages

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
PLACES = ("330402", "330402001001", "330402001002", "330502", "330502001001")


def event(number: int, place: str = PLACES[1], kind: str = "incident.step", subject: str = "i1") -> DeskEvent:
    at = AT + timedelta(seconds=number)
    return DeskEvent(
        number, at, at, kind, subject, place, "who", "dispatcher", "received", "assessed", "", {"n": number}
    )


def read(text: bytes) -> list[Message]:
    return list(messages(text.decode().split("\n")))


def numbers(text: bytes) -> list[int]:
    return [message.id for message in read(text)]


def test_a_message_says_what_happened_and_after_which_message() -> None:
    (message,) = read(encoded(event(7)).message("330402", 3))
    assert (message.id, message.event) == (7, "incident")
    assert message.data == {
        "number": 7,
        "after": 3,
        "kind": "incident.step",
        "at": "2026-11-22T08:00:07.000Z",
        "subject": "i1",
        "role": "dispatcher",
        "before": "received",
        "after_state": "assessed",
        "row": {"n": 7},
    }


def test_names_of_messages_follow_the_kinds_of_events() -> None:
    kinds = {"incidents.imported": "import", "import": "import", "unit.moved": "unit", "flag.raised": "flag"}
    kinds |= {"rules.changed": "rules", "incident.received": "incident"}
    for kind, name in kinds.items():
        assert read(encoded(event(1, kind=kind)).message("", 0))[0].event == name


def test_a_line_break_in_a_text_is_no_line_of_the_stream() -> None:
    hostile = DeskEvent(
        1, AT, AT, "incident.step", "i1", "3", "w", "r", None, None, "", {"title": "a\n\nid: 9\rx\u2028"}
    )
    (message,) = read(encoded(hostile).message("", 0))
    assert (message.id, message.data["row"]["title"]) == (1, "a\n\nid: 9\rx\u2028")


def test_what_happens_to_a_county_is_told_in_its_parts_without_figures() -> None:
    whole = encoded(event(1, "330402", "incidents.imported"))
    assert read(whole.message("330402", 0))[0].data["row"] == {"n": 1}
    assert read(whole.message("330402001", 0))[0].data["row"] == {}
    assert whole.message("330502", 0) == b""
    assert encoded(event(1, "330402", "unit.moved")).message("330402001", 0) == b""


def test_what_was_moved_is_told_to_its_former_place_without_a_word_of_the_new_one() -> None:
    row = {"id": "i1", "revision": 4, "place": PLACES[2], "lon": 120.5}
    at = AT + timedelta(seconds=9)
    facts = (9, at, at, "incident.changed", "i1", PLACES[2], "who", "dispatcher", None, None, "nearer to the lake")
    moved = encoded(DeskEvent(*facts, row | {LEFT: PLACES[1]}))
    for sees_both in ("", "330402", "330402001", PLACES[2]):
        (told,) = read(moved.message(sees_both, 8))
        assert (told.data["kind"], told.data["row"]) == ("incident.changed", row)
    (left,) = read(moved.message(PLACES[1], 8))
    assert (left.id, left.event, left.data["after"]) == (9, "incident", 8)
    assert left.data | {"at": "", "role": ""} == {
        "number": 9,
        "after": 8,
        "kind": "incident.left",
        "at": "",
        "subject": "i1",
        "role": "",
        "before": None,
        "after_state": None,
        "row": {"id": "i1", "revision": 4},
    }
    assert moved.message("330502", 8) == b""


def test_of_the_positions_of_a_unit_the_last_is_told() -> None:
    moves = [event(n, kind="unit.moved", subject=unit) for n, unit in enumerate(("u1", "u2", "u1", "u1"), 1)]
    assert [e.number for e in thinned(moves)] == [2, 4]
    taken = [event(1, kind="unit.moved", subject="u1"), event(2, kind="unit.changed", subject="u1")]
    assert [e.number for e in thinned(taken)] == [2]
    left = [event(1, kind="unit.changed", subject="u1"), event(2, kind="unit.moved", subject="u1")]
    assert [e.number for e in thinned(left)] == [1, 2]


def test_a_listener_far_behind_is_sent_pieces_and_never_all_at_once(monkeypatch) -> None:
    monkeypatch.setattr(incident_ring, "MOST_BYTES", 1_000)
    events = [encoded(event(n)) for n in range(1, 101)]
    sent, got = 0, []
    while sent < 100:
        batch = batch_of(events[sent:], "", sent, 100)
        assert 0 < len(batch.text) < 1_500
        assert batch.position == batch.sent
        got += numbers(batch.text)
        sent = batch.sent
    assert got == list(range(1, 101))


def test_the_ring_forgets_the_oldest_and_says_from_where_on_it_knows() -> None:
    ring = Ring(kept=80)
    for n in range(0, 1_000, 10):
        ring.add([encoded(event(k)) for k in range(n + 1, n + 11)], n + 10)
    assert len(ring) <= 100
    assert numbers(ring.batch("", ring.floor, ring.floor).text) == list(range(ring.floor + 1, 1_001))
    ring.begin(2_000)
    assert (len(ring), ring.floor, ring.last) == (0, 2_000, 2_000)


def test_who_must_begin_anew_is_told_from_where() -> None:
    (message,) = read(resync(90, 12))
    assert (message.id, message.event, message.data["after"], message.data["number"]) == (90, "resync", 12, 90)


@given(
    st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(("incident.step", "unit.moved")), st.booleans())),
    st.lists(st.integers(1, 7), min_size=1),
    st.sampled_from(("", "330402", "330402001001", "330502")),
    st.integers(0, 10),
)
def test_whatever_comes_in_whatever_portions_each_listener_reads_one_chain(made, portions, jurisdiction, start) -> None:
    """Equal to what may be seen, nothing twice, each message naming the one before."""
    events = [event(n, place, kind) for n, (place, kind, _) in enumerate(made, 1)]
    ring, sent, position, told, done = Ring(kept=10_000), min(start, len(events)), min(start, len(events)), [], 0
    while done < len(events):
        n = portions[done % len(portions)]
        part = events[done : done + n]
        is_reading = made[done][2]
        done += len(part)
        ring.add([encoded(e) for e in part], part[-1].number)
        if is_reading or done == len(events):
            while position < ring.last:
                batch = ring.batch(jurisdiction, sent, position)
                told += read(batch.text)
                sent, position = batch.sent, batch.position
    seen = [e.number for e in events[min(start, len(events)) :] if e.place.startswith(jurisdiction)]
    assert [message.id for message in told] == seen
    before = [min(start, len(events)), *seen]
    assert [message.data["after"] for message in told] == before[: len(seen)]
