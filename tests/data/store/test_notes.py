"""Notes on plans and links to read them: kept, changed, removed, within a jurisdiction, in the log and in a backup."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from api.usecases import backup_store, restore_store
from data.store import SqlStore, open_store
from data.store.backup import table_sums
from data.store.examine import ask, orphans
from data.store.rooms import notes as notes_room
from data.store.rooms import shares as shares_room
from gis.errors import Conflict, GridwrightError, NotFound
from tests.data.store.kit import plan, town
from tests.stores import act

HERE, THERE = "330402", "330411"
AT = (120.75, 30.74)
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
HASH = hashlib.sha256(b"token").hexdigest()


def saved_plan(store: SqlStore, county: str = HERE, x: float = 520_000) -> str:
    territory = town(county, x=x)
    with store.write(act()) as tx:
        ground = tx.territories.save(territory, county).id
        return tx.plans.save(plan(territory), territory_id=ground, name=county).id


def write(
    store: SqlStore, id: str, words: str = "look here", *, who: str = "chen", hour: int = 8, county: str = HERE
) -> int:
    with store.write(act(who, at=NOW.replace(hour=hour))) as tx:
        return tx.notes.add(id, *AT, words, "reviewer", grid=f"{county}001001001").number


def test_a_note_comes_back_as_it_was_written_with_its_answers_in_order(store: SqlStore) -> None:
    id = saved_plan(store)
    assert [write(store, id), write(store, id, "二号\n第二行", hour=9)] == [1, 2]
    with store.write(act("wang", at=NOW.replace(hour=10))) as tx:
        note, number = tx.notes.answer(id, 1, "done", "planner")
        assert number == 3
        assert [one.text for one in note.answers] == ["done"]
    with store.read() as tx:
        first, second = tx.notes.of_plan(id)
        assert (first.lon, first.lat, first.grid, first.state) == (*AT, f"{HERE}001001001", "open")
        assert (first.who, first.role, first.at, first.edited_at) == ("chen", "reviewer", NOW, None)
        assert [(a.number, a.text, a.who, a.role, a.at.hour) for a in first.answers] == [
            (3, "done", "wang", "planner", 10)
        ]
        assert (second.number, second.text, second.answers) == (2, "二号\n第二行", ())
        assert tx.notes.note(id, 1) == first == tx.notes.thread_of(id, 3)


def test_notes_leave_the_revision_of_the_plan_alone_and_go_on_after_it_was_submitted(store: SqlStore) -> None:
    id = saved_plan(store)
    with store.write(act("wang")) as tx:
        tx.life.change_state(id, "submitted")
    write(store, id)
    with store.write(act("chen")) as tx:
        tx.notes.settle(id, 1, "settled", "reviewer")
        assert tx.plans.card(id).revision == 2
        assert tx.plans.card(id).changed_by == "wang"


def test_a_note_is_settled_by_somebody_and_opened_again(store: SqlStore) -> None:
    id = saved_plan(store)
    write(store, id)
    with store.write(act("wang", at=NOW + timedelta(hours=1))) as tx:
        note = tx.notes.settle(id, 1, "settled", "planner")
        assert (note.state, note.settled_by, note.settled_role) == ("settled", "wang", "planner")
        assert note.settled_at == NOW + timedelta(hours=1)
        assert tx.notes.open_of(id) == ()
        rows = tx.audit.head()[0]
        tx.notes.settle(id, 1, "settled", "planner")  # as it is already
        assert tx.audit.head()[0] == rows
        note = tx.notes.settle(id, 1, "open", "planner")
        assert (note.state, note.settled_at, note.settled_by, note.settled_role) == ("open", None, None, None)


def test_what_is_removed_is_gone_in_words_and_there_as_a_mark(store: SqlStore) -> None:
    id = saved_plan(store)
    write(store, id, "a secret word")
    with store.write(act("root", at=NOW + timedelta(hours=2))) as tx:
        tx.notes.answer(id, 1, "another secret", "planner")
        tx.notes.remove(id, 2, "admin")
        note = tx.notes.remove(id, 1, "admin")
        assert (note.text, note.removed_by, note.removed_role) == ("", "root", "admin")
        assert (note.answers[0].text, note.answers[0].removed_at) == ("", NOW + timedelta(hours=2))
        assert [one.number for one in tx.notes.of_plan(id)] == [1]
        assert tx.notes.open_of(id) == ()
        for change in (
            lambda: tx.notes.remove(id, 1, "admin"),
            lambda: tx.notes.write_anew(id, 2, "x"),
            lambda: tx.notes.answer(id, 1, "x", "admin"),
            lambda: tx.notes.settle(id, 1, "settled", "admin"),
        ):
            with pytest.raises(Conflict, match="note_removed"):
                change()
    with store.read() as tx:
        for table in ("audit", "outbox", "plan_notes"):
            rows = tx.connection.execute(text(f"select * from {table}")).all()
            assert "secret" not in str(rows), table
    assert write(store, id) == 3  # no number is given again


def test_a_text_is_written_anew_and_says_so(store: SqlStore) -> None:
    id = saved_plan(store)
    write(store, id)
    with store.write(act("chen", at=NOW + timedelta(hours=1))) as tx:
        rows = tx.audit.head()[0]
        assert tx.notes.write_anew(id, 1, "look here").edited_at is None
        assert tx.audit.head()[0] == rows
        note = tx.notes.write_anew(id, 1, "look there")
        assert (note.text, note.edited_at) == ("look there", NOW + timedelta(hours=1))


def test_what_is_not_there_is_told(store: SqlStore) -> None:
    id = saved_plan(store)
    write(store, id)
    with store.write(act("chen")) as tx:
        tx.notes.answer(id, 1, "x", "reviewer")
        for ask_for in (
            lambda: tx.notes.note(id, 9),
            lambda: tx.notes.note(id, 2),  # an answer is no note
            lambda: tx.notes.answer(id, 2, "x", "reviewer"),
            lambda: tx.notes.settle(id, 2, "settled", "reviewer"),
            lambda: tx.notes.remove(id, 9, "reviewer"),
        ):
            with pytest.raises(NotFound, match="note_unknown"):
                ask_for()
        with pytest.raises(NotFound, match="plan_unknown"):
            tx.notes.add("p000000000000", *AT, "x", "reviewer")
        with pytest.raises(NotFound, match="plan_unknown"):
            tx.notes.of_plan("p000000000000")


def test_a_closed_plan_takes_no_notes(store: SqlStore) -> None:
    id = saved_plan(store)
    write(store, id)
    with store.write(act()) as tx:
        tx.life.change_state(id, "withdrawn")
        for change in (
            lambda: tx.notes.add(id, *AT, "x", "reviewer"),
            lambda: tx.notes.answer(id, 1, "x", "reviewer"),
            lambda: tx.notes.remove(id, 1, "reviewer"),
        ):
            with pytest.raises(Conflict, match="plan_closed"):
                change()
        assert len(tx.notes.of_plan(id)) == 1


def test_a_plan_has_room_for_so_many_notes_and_links(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes_room, "MOST_NOTES", 2)
    monkeypatch.setattr(shares_room, "MOST_SHARES", 1)
    id = saved_plan(store)
    write(store, id)
    write(store, id)
    with pytest.raises(Conflict, match="notes_too_many"):
        write(store, id)
    with store.write(act()) as tx:
        share = tx.shares.add(id, HASH, NOW + timedelta(days=1))
        with pytest.raises(Conflict, match="shares_too_many"):
            tx.shares.add(id, "b" * 64, NOW + timedelta(days=1))
        tx.shares.revoke(id, share.id)
        tx.shares.add(id, "b" * 64, NOW + timedelta(days=1))


def test_many_that_write_at_once_get_a_number_each(store: SqlStore) -> None:
    id = saved_plan(store)

    def one(n: int) -> int:
        own = open_store(store.url.render_as_string(hide_password=False))
        try:
            return write(own, id, f"note {n}")
        finally:
            own.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(8))) == list(range(1, 9))


def test_every_act_is_in_the_log_of_the_plan_and_an_event(store: SqlStore) -> None:
    id = saved_plan(store)
    with store.read() as tx:
        first, event = tx.audit.head()[0], tx.outbox.last()
    write(store, id)
    with store.write(act("chen")) as tx:
        tx.notes.answer(id, 1, "x", "reviewer")
        tx.notes.write_anew(id, 1, "y")
        tx.notes.settle(id, 1, "settled", "reviewer")
        tx.notes.settle(id, 1, "open", "reviewer")
        tx.notes.remove(id, 1, "reviewer")
        share = tx.shares.add(id, HASH, NOW + timedelta(days=14), "office")
        tx.shares.revoke(id, share.id)
        tx.shares.revoke(id, share.id)
    with store.read(HERE) as tx:
        told = tx.audit.entries(after=first)
        assert tx.audit.first_broken() is None
        assert [one.action for one in told] == [
            *("note.add", "note.answer", "note.edit", "note.settle", "note.reopen", "note.remove"),
            *("share.make", "share.revoke"),
        ]
        assert {(one.subject, one.place, one.who) for one in told} == {(id, f"{HERE}00", "chen")}
        assert HASH not in str(told)
        assert told[1].after == {"note": 2, "about": 1, "n_characters": 1}
        kinds = [one.kind for one in tx.outbox.since(event)]
        assert kinds == [*["note.added"] * 2, *["note.changed"] * 3, "note.removed", "share.made", "share.revoked"]
        newest_first = [one.action for one in tx.audit.about(id, after=first)]
        assert newest_first == [one.action for one in reversed(told)]
        some = tx.audit.about(id, before=told[3].number, after=first, actions=("note.add", "note.edit"))
        assert [one.action for one in some] == ["note.edit", "note.add"]
        assert tx.audit.about("another") == []
    with store.read(THERE) as tx:
        assert tx.audit.about(id) == []


def test_a_link_is_found_by_the_hash_of_its_token_and_lives_until_its_end(store: SqlStore) -> None:
    id = saved_plan(store)
    with store.write(act("wang")) as tx:
        made = tx.shares.add(id, HASH, NOW + timedelta(days=14), "the subdistrict office")
    with store.read() as tx:
        found = tx.shares.find(HASH)
        assert found == made == tx.shares.share(id, made.id)
        assert (found.plan, found.label, found.created_by, found.uses) == (id, "the subdistrict office", "wang", 0)
        assert tx.shares.find("0" * 64) is None
        assert found.state(NOW + timedelta(days=14, microseconds=-1)) == "live"
        assert found.state(NOW + timedelta(days=14)) == "expired"
    with store.write(act("li", at=NOW + timedelta(days=1))) as tx:
        tx.shares.note_use(made.id, opened=True)
        tx.shares.note_use(made.id, opened=False)
        assert (tx.shares.share(id, made.id).uses, tx.shares.share(id, made.id).last_used_at) == (1, tx.act.at)
        revoked = tx.shares.revoke(id, made.id)
        assert (revoked.revoked_by, revoked.revoked_at) == ("li", NOW + timedelta(days=1))
        assert revoked.state(NOW) == "revoked"
        with pytest.raises(NotFound, match="share_not_here"):
            tx.shares.revoke(id, "s000000000000")


def test_notes_and_links_are_for_those_who_see_the_plan(store: SqlStore) -> None:
    id = saved_plan(store)
    write(store, id)
    with store.write(act(jurisdiction=HERE)) as tx:
        share = tx.shares.add(id, HASH, NOW + timedelta(days=14))
    for outside in (THERE, f"{HERE}001"):
        with store.read(outside) as tx:
            for ask_for in (
                lambda: tx.notes.of_plan(id),
                lambda: tx.notes.note(id, 1),
                lambda: tx.shares.of_plan(id),
                lambda: tx.shares.share(id, share.id),
            ):
                with pytest.raises(NotFound, match="plan_unknown"):
                    ask_for()
        with store.write(act(jurisdiction=outside)) as tx:
            for change in (
                lambda: tx.notes.add(id, *AT, "x", "reviewer"),
                lambda: tx.notes.settle(id, 1, "settled", "reviewer"),
                lambda: tx.shares.add(id, "c" * 64, NOW + timedelta(days=14)),
                lambda: tx.shares.revoke(id, share.id),
            ):
                with pytest.raises(NotFound, match="plan_unknown"):
                    change()


def test_the_database_itself_shows_and_takes_only_what_lies_inside(postgis_store: SqlStore) -> None:
    here, there = saved_plan(postgis_store), saved_plan(postgis_store, THERE, 540_000)
    for id, number, county in ((here, "a", HERE), (there, "b", THERE)):
        write(postgis_store, id, county=county)
        with postgis_store.write(act()) as tx:
            tx.shares.add(id, number * 64, NOW + timedelta(days=14))

    def seen(table: str, prefix: str) -> int:
        with postgis_store.engine.begin() as connection:
            connection.execute(text("select set_config('gw.jurisdiction', :p, true)"), {"p": prefix})
            return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())

    for table in ("plan_notes", "plan_shares"):
        assert [seen(table, p) for p in ("*", "33", HERE, f"{HERE}001", THERE, "44")] == [2, 2, 1, 0, 1, 0]
    for change in (
        "insert into plan_notes (plan, number, text, at, who, role, about) "
        f"values ('{there}', 9, '', now(), '', '', 1)",
        f"insert into plan_shares values ('x', '{there}', 'x', '', now(), '', now(), null, null, null, 0)",
        f"update plan_notes set plan = '{there}'",
    ):
        with postgis_store.engine.connect() as connection:
            connection.execute(text("select set_config('gw.jurisdiction', :p, true)"), {"p": HERE})
            with pytest.raises(ProgrammingError, match="row-level security"):
                connection.execute(text(change))


def test_a_row_that_is_neither_note_nor_answer_is_refused_by_the_database(store: SqlStore) -> None:
    id = saved_plan(store)
    for values in ("1, 1, 1.0, 2.0, 'open'", "1, null, null, null, null", "1, null, 1.0, 2.0, 'perhaps'"):
        columns = "plan, number, about, lon, lat, state, text, at, who, role"
        row = f"insert into plan_notes ({columns}) values ('{id}', {values}, '', '2026-11-22', '', '')"
        with pytest.raises(GridwrightError, match="store_"), store.write(act()) as tx:
            tx.connection.execute(text(row))


def test_notes_and_links_are_part_of_a_backup_and_the_store_is_sound_with_them(store: SqlStore, tmp_path: Path) -> None:
    id = saved_plan(store)
    write(store, id, "第一条\n<script>‮")
    with store.write(act()) as tx:
        tx.notes.answer(id, 1, "x", "planner")
        tx.shares.add(id, HASH, NOW + timedelta(days=14), "office")
    with store.read() as tx:
        before, notes, shares = table_sums(tx), tx.notes.of_plan(id), tx.shares.of_plan(id)
        assert {"plan_notes", "plan_shares"} <= before.keys()
        assert ask(orphans, tx) == ()
    backup_store(store, tmp_path / "a.backup", now=act().at)
    restore_store(tmp_path / "a.backup", f"sqlite:///{tmp_path / 'second.db'}", act())
    other = open_store(f"sqlite:///{tmp_path / 'second.db'}")
    try:
        with other.read() as tx:
            assert table_sums(tx) == before
            assert (tx.notes.of_plan(id), tx.shares.of_plan(id)) == (notes, shares)
            assert tx.shares.find(HASH) is not None
    finally:
        other.close()


def test_notes_and_links_without_their_plan_are_told(embedded_store: SqlStore) -> None:
    store = embedded_store  # row-level security lets no such row into the other one
    id = saved_plan(store)
    write(store, id)
    with store.write(act()) as tx:
        tx.shares.add(id, HASH, NOW + timedelta(days=14))
        for table in ("plan_notes", "plan_shares"):
            tx.connection.execute(text(f"update {table} set plan = 'p000000000000'"))
    with store.read() as tx:
        told = {(f.code, f.facts["layer"]) for f in ask(orphans, tx)}
    assert told == {("doctor_orphans", "plan_notes"), ("doctor_orphans", "plan_shares")}
