"""An address index whose names and numbers lie in PostgreSQL: what `gis.address` asks of them is asked of the database.

Reading, weighing and accepting are the very code of the index in memory, and so are the answers.  The database gives
the candidates: spellings that stand in a text by a btree, names that resemble a text by the nearest trigrams, and rows
of (name, number) by a btree.  What the rows say stays in the mapped arrays of the index.

Names are laid down as sounds, one word for each (望月 as the characters that stand for *wang* and *yue*), so that
homophones are the same to the trigrams and the order of the neighbours follows the share of common sounds.  From that
share it follows which names can not cost less than a limit, so that neighbours are fetched until none is missed.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import delete, insert, select

from data.store.codec import insert_rows
from data.store.database import SqlStore
from data.store.numbers import take_numbers
from data.store.postgis import ensure_parts, part_name, prepare_trigrams, settle
from data.store.tables.addresses import address_editions, address_keys, address_names
from data.store.tx import Tx
from gis.address import AddressIndex, Match
from gis.address.blobs import Texts
from gis.address.fuzzy import Spelling, comparable
from gis.address.index import KEY_OF_KIND
from gis.address.names import WHOLE, Forms
from gis.address.sounds import sound_of_code

_FIRST, _TIMES = 64, 8
_LONG = 60
"""Characters from which on going through all spellings takes less than looking for every part of a text."""
_NO_ROWS: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
_EDITIONS_KEPT = 2

_SPELLINGS = """
    select name, place, id, how from address_names
    where county = %(county)s and edition = %(edition)s::bigint and name = any(%(texts)s) order by name, place
"""
_SPELLINGS_OF_LONG = """
    select name, place, id, how from address_names
    where county = %(county)s and edition = %(edition)s::bigint and strpos(%(text)s, name) > 0 order by name, place
"""
_NEIGHBOURS = """
    select id, sounds <-> %(sounds)s from address_names
    where county = %(county)s and edition = %(edition)s::bigint and kind = %(kind)s::bigint and how = 0
    order by sounds <-> %(sounds)s limit %(most)s
"""
_ROWS = """
    select name, number, index_row from address_keys
    where county = %(county)s and edition = %(edition)s::bigint and kind = %(kind)s::bigint
    and name = any(%(names)s::bigint[])
"""
_ROWS_OF_NUMBERS = f"{_ROWS} and number = any(%(numbers)s::bigint[]) order by name, number, index_row"
_ROWS_OF_ALL = f"{_ROWS} order by name, number, index_row"


def edition_of(tx: Tx, county: str, content: str) -> tuple[int, int] | None:
    """Number of the edition of some content, and the length of its longest spelling; ``None`` where there is none."""
    wanted = select(address_editions.c.edition, address_editions.c.longest).where(
        address_editions.c.county == county, address_editions.c.content == content
    )
    row = tx.connection.execute(wanted.order_by(address_editions.c.edition.desc())).first()
    return None if row is None else (int(row.edition), int(row.longest))


def fill_names(tx: Tx, county: str, content: str, index: AddressIndex, place: Sequence[str]) -> tuple[int, int]:
    """Put names and numbers of an index into the tables of its county; the edition before stays for who reads it.

    Parameters
    ----------
    content
        Digest of what the index was made of.
    place
        Of every row of the index: the community it lies in, or the start of its code.

    Returns
    -------
    Edition and length of its longest spelling, as `edition_of` would give them; where it is there already, that one.

    Raises
    ------
    StorageError
        ``server_trigrams_missing``, ``server_locale_c``.
    """
    prepare_trigrams(tx.connection)
    edition = take_numbers(tx, "address_editions")  # one at a time: of two that fill the same, the second finds it
    known = edition_of(tx, county, content)
    if known is not None:
        return known
    columns = _spelling_columns(index)
    longest = max((len(name) for name in columns["name"]), default=0)
    _forget(tx, county)
    ensure_parts(tx.connection, (address_names, address_keys), county)
    _ensure_trigram_index(tx, county)
    insert_rows(tx, address_names, county, {"edition": [edition] * len(columns["name"]), **columns})
    for kind, key in KEY_OF_KIND.items():
        rows = _key_columns(index, key, place)
        n = len(rows["name"])
        insert_rows(tx, address_keys, county, {"edition": [edition] * n, "kind": [kind] * n, **rows})
    settle(tx.connection, address_keys, county, len(index))
    settle(tx.connection, address_names, county, len(columns["name"]))
    made = {"county": county, "edition": edition, "content": content, "longest": longest}
    tx.connection.execute(insert(address_editions).values(made))
    return edition, longest


def _forget(tx: Tx, county: str) -> None:
    """Remove editions that nobody reads any more."""
    wanted = select(address_editions.c.edition).where(address_editions.c.county == county)
    found = tx.connection.execute(wanted.order_by(address_editions.c.edition.desc())).scalars().all()
    for old in found[_EDITIONS_KEPT - 1 :]:
        for table in (address_editions, address_names, address_keys):
            tx.connection.execute(delete(table).where(table.c.county == county, table.c.edition == old))


def _ensure_trigram_index(tx: Tx, county: str) -> None:
    part = part_name(address_names.name, county)
    raw = tx.connection.connection.driver_connection
    assert raw is not None
    raw.execute(
        sql.SQL(
            "create index if not exists {index} on {part} "
            "using gist (edition, kind, sounds gist_trgm_ops(siglen=32)) where how = 0"
        ).format(index=sql.Identifier(f"ix_{part}_sounds"), part=sql.Identifier(part))
    )


def _spelling_columns(index: AddressIndex) -> dict[str, list[Any]]:
    texts, kinds = index.names.texts, index.names.kind.tolist()
    rows: dict[str, list[Any]] = {name: [] for name in ("name", "place", "id", "kind", "how", "sounds")}
    for name, hits in index.names.forms():
        for place, (id, how) in enumerate(hits):
            values = (name, place, id, kinds[id], how, sounds_of(texts[id]) if how == WHOLE else None)
            for column, value in zip(rows.values(), values):
                column.append(value)
    return rows


def _key_columns(index: AddressIndex, key: str, place: Sequence[str]) -> dict[str, list[Any]]:
    arrays = index.arrays()
    packed, order = arrays[f"key_{key}"], arrays[f"order_{key}"].tolist()
    return {
        "name": (packed >> 32).tolist(),
        "number": (packed & 0xFFFFFFFF).tolist(),
        "index_row": order,
        "place": [place[row] for row in order],
    }


# -- sounds as words


@lru_cache(maxsize=1)
def _character_of_sound() -> NDArray[np.int64]:
    """For every sound one character that stands for it, of those that every UTF-8 locale takes for a letter."""
    sound = sound_of_code()
    sounds, code = np.unique(sound, return_index=True)
    code = code.astype(np.int64)
    code = np.where((code >= 0xE000) & (code < 0xE080), code - 0xE000, code)  # single letters
    is_ascii = np.array([chr(c).isalnum() for c in range(128)])
    is_letter = ((code >= 0x3400) & (code < 0xA000)) | ((code < 128) & is_ascii[np.minimum(code, 127)])
    table = np.zeros(int(sound.max()) + 1, dtype=np.int64)
    table[sounds] = np.where(is_letter, code, 0x4E00 + code % 0x5000)
    return table


def sounds_of(text: str) -> str:
    """A text as words of one character, one for each of its sounds."""
    codes = _character_of_sound()[sound_of_code()[comparable(text)]]
    return " ".join(map(chr, codes.tolist()))


def enough_distance(sounds: str, most_cost: float) -> float:
    """Distance from which on no name can resemble a text at a cost.

    Names below the cost share all sounds but as many as the cost, on either side; each sound is two trigrams.
    """
    n, apart = len(set(sounds.split())), math.floor(most_cost + 1e-9)
    least_common = max(2 * (n - apart) - 1, 0)
    return 1.0 - least_common / (2 * (n + apart) + 1)


# -- asking


class _Asking(threading.local):
    """The transaction that this thread asks in, and what it has been told in it."""

    tx: Tx | None = None
    spellings: dict[str, Forms]
    neighbours: dict[tuple[int, str], list[tuple[int, float]]]


class DatabaseNames:
    """The names of an index, asked of the database; answers like `gis.address.names.Names`."""

    def __init__(
        self, store: SqlStore, county: str, edition: int, longest: int, texts: Texts, kind: NDArray[np.int8]
    ) -> None:
        self._store = store
        self._facts = {"county": county, "edition": edition}
        self._longest = longest
        self._asking = _Asking()
        self.texts, self.kind = texts, kind

    def __len__(self) -> int:
        return len(self.texts)

    @contextmanager
    def asked_together(self) -> Iterator[None]:
        """One transaction for everything that this thread asks in the block."""
        asking = self._asking
        if asking.tx is not None:
            yield
            return
        with self._store.read() as tx:
            asking.tx, asking.spellings, asking.neighbours = tx, {}, {}
            try:
                yield
            finally:
                asking.tx = None

    def rows(self, statement: str, **facts: Any) -> list[tuple[Any, ...]]:
        """What the database says."""
        with self.asked_together():
            assert self._asking.tx is not None
            raw = self._asking.tx.connection.connection.driver_connection
            assert raw is not None
            with raw.cursor(binary=True) as cursor:
                found: list[tuple[Any, ...]] = cursor.execute(statement, {**self._facts, **facts}).fetchall()
                return found

    def known(self, text: str) -> tuple[tuple[int, int], ...]:
        """What a text names."""
        with self.asked_together():
            for running, spellings in self._asking.spellings.items():
                if text in running:
                    return spellings.known(text)
            return self._spellings_in(text).known(text)

    def ends_at(self, text: str, start: int) -> list[int]:
        """Where names end that begin at a place of a running text, the longest first."""
        return self._spellings_in(text).ends_at(text, start)

    def numbered_in(self, text: str) -> list[tuple[int, int]]:
        """Where names that hold digits stand in a text."""
        return self._spellings_in(text).numbered_in(text)

    def similar(self, kind: int, text: str, most_cost: float, limit: int = 8) -> list[tuple[int, float]]:
        """Names of one kind that resemble a text, cheapest first, with the cost of mending."""
        if not text or len(text) - most_cost > self._longest:
            return []  # no name is so long
        ids = self._neighbours(kind, text, most_cost)
        spelling = Spelling.of(ids, [self.texts[id] for id in ids], sound_of_code())
        return spelling.similar(text, most_cost, limit)

    def _spellings_in(self, text: str) -> Forms:
        """All spellings that stand in a running text."""
        with self.asked_together():
            known = self._asking.spellings.get(text)
            if known is None:
                if len(text) > _LONG:
                    found = self.rows(_SPELLINGS_OF_LONG, text=text)
                else:
                    lengths = range(1, min(self._longest, len(text)) + 1)
                    parts = {text[a : a + n] for n in lengths for a in range(len(text) - n + 1)}
                    found = self.rows(_SPELLINGS, texts=sorted(parts))
                by_text: dict[str, tuple[tuple[int, int], ...]] = {}
                for name, _, id, how in found:
                    by_text[name] = (*by_text.get(name, ()), (id, how))
                known = self._asking.spellings[text] = Forms(by_text)
            return known

    def _neighbours(self, kind: int, text: str, most_cost: float) -> list[int]:
        """Ids, ascending, of all names of a kind that may resemble a text at a cost, and of some more."""
        sounds = sounds_of(text)
        enough = enough_distance(sounds, most_cost)
        with self.asked_together():
            key = (kind, sounds)
            found, most = self._asking.neighbours.get(key, []), _FIRST
            # Distances come as 32-bit floats; at 1 nothing is common any more.
            while not found or (len(found) >= most and found[-1][1] <= min(enough + 1e-5, 1 - 1e-6)):
                most = max(most, len(found) * _TIMES)
                found = self.rows(_NEIGHBOURS, kind=int(kind), sounds=sounds, most=most) or [(-1, 2.0)]
            self._asking.neighbours[key] = found
            return sorted(id for id, distance in found if id >= 0 and distance <= enough + 1e-5)


class DatabaseIndex(AddressIndex):
    """An address index that asks the database for names and numbers.

    Parameters
    ----------
    arrays, meta
        Of the index in memory that the edition was made from.
    store, county, edition, longest
        Where its names are; from `fill_names` or `edition_of`.
    """

    def __init__(
        self,
        arrays: Mapping[str, NDArray[Any]],
        meta: Mapping[str, str],
        store: SqlStore,
        county: str,
        edition: int,
        longest: int,
    ) -> None:
        super().__init__(arrays, meta)
        self._where = (store, county, edition, longest)

    @cached_property
    def names(self) -> DatabaseNames:  # type: ignore[override]
        """The names, in the database."""
        arrays = self._arrays
        texts = Texts(arrays["name_units"], arrays["name_starts"])
        return DatabaseNames(*self._where, texts, arrays["name_kind"])

    def rows_with(self, kind: int, names: Iterable[int], numbers: Sequence[str] = ()) -> NDArray[np.int32]:
        """Rows of estates, streets or communities, all of them or those with one of some numbers."""
        ids = [int(name) for name in names]
        places = [self.number_place[number] + 1 for number in numbers if number in self.number_place]
        if not ids or (numbers and not places):
            return _NO_ROWS
        if not numbers:
            found = self.names.rows(_ROWS_OF_ALL, kind=int(kind), names=ids)
        else:
            found = self.names.rows(_ROWS_OF_NUMBERS, kind=int(kind), names=ids, numbers=places)
        rows: dict[tuple[int, int], list[int]] = {}
        for name, number, row in found:
            rows.setdefault((name, number if numbers else 0), []).append(row)
        ordered = [row for id in ids for place in places or (0,) for row in rows.get((id, place), ())]
        return np.array(ordered, dtype=np.int32)

    def find_many(self, texts: Sequence[str]) -> list[Match]:
        """The answers to many addresses, in their order."""
        with self.names.asked_together():
            return super().find_many(texts)


__all__ = ["DatabaseIndex", "DatabaseNames", "edition_of", "fill_names"]
