"""The address index of a store's current territory: built once, kept as a file, mapped into memory, always fresh.

The files lie beside an embedded store (``STORE.addresses/``), for a store on a server in the user's data folder.  They
hold nothing that the store does not; whoever deletes them has them made anew.  What an index answers is decided in
`gis.address`, which grid an address lies in by the callers.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api import settings
from api.wiring import system_act
from data.files.address_file import read_arrays, write_arrays
from data.store import EVERYWHERE, SqlStore, Tx
from data.store.rooms.former_names import former_names
from gis.address import AddressIndex, build_index
from gis.address.index import FORMAT
from gis.address.types import COMMUNITY, ESTATE, STREET, TOWN
from gis.errors import InputError, StorageError
from gis.progress import SILENT, Progress

if TYPE_CHECKING:
    import pandas as pd

_LOG = logging.getLogger("gridwright.lookup")
_FORMAT = "1"
"""Raised whenever the same table would give other arrays; older files are then made anew."""
_OURS = "store_"
MEMORY, DATABASE = "memory", "database"
_KINDS = {"town": TOWN, "community": COMMUNITY, "street": STREET, "estate": ESTATE}


@dataclass(frozen=True, slots=True)
class KeptIndex:
    """The index of one county and what it was made of.

    Attributes
    ----------
    state
        Of the store (`data.store.rooms.addresses.Addresses.state`).
    content
        Digest of the addresses themselves: two territories with the same addresses share an index.
    index
        The index; the same object as long as the content is the same.
    """

    state: str
    content: str
    index: AddressIndex


class AddressBooks:
    """The indexes of one store, by county; any number of threads may ask.

    Parameters
    ----------
    store
        With its tables.
    folder
        Where the files lie; the place that suits the store when omitted.
    where
        ``memory`` or ``database``: where names and numbers are looked up; what `api.settings` says when omitted.
    region
        Province and city of all territories of the store (``湖南省长沙市``), to tell addresses of other places; what
        the addresses themselves say, where omitted.
    """

    def __init__(
        self, store: SqlStore, folder: Path | None = None, *, where: str | None = None, region: str = ""
    ) -> None:
        self._store = store
        self._where = where or settings.address_index()
        self._folder = folder or address_folder(store)
        self._region = region
        self._kept: dict[str, KeptIndex] = {}
        self._asked: dict[str, KeptIndex] = {}
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}

    def counties(self) -> list[str]:
        """Counties that have addresses, ascending."""
        with self._store.read(EVERYWHERE) as tx:
            return tx.addresses.counties()

    def index(self, county: str, progress: Progress = SILENT) -> AddressIndex:
        """The index of a county's current territory: in memory, else from its file, else built.

        The store is asked for one row; whoever asks while another builds the same county waits for it.

        Raises
        ------
        NotFound
            ``territory_unknown``.
        StorageError
            What `check_address_index` refuses, where the database is to be asked.
        """
        with self._lock_of(county):
            kept = self._fresh(county, progress)
            return kept.index if self._where == MEMORY else self._in_database(county, kept).index

    def path(self, county: str) -> Path:
        """File of a county's index."""
        is_plain = county.isalnum() and county.isascii()
        name = county if is_plain else "x" + hashlib.sha256(county.encode()).hexdigest()[:16]
        return self._folder / f"{name}.addresses"

    def _lock_of(self, county: str) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(county, threading.Lock())

    def _fresh(self, county: str, progress: Progress) -> KeptIndex:
        kept = self._kept.get(county)
        with self._store.read(EVERYWHERE) as tx:
            state = tx.addresses.state(county)
            if kept is None or kept.state != state:
                kept = self._read(county) or kept  # another process may have been quicker
            if kept is None or kept.state != state:
                kept = self._write(county, self._renewed(tx, county, state, kept, progress))
        self._kept[county] = kept
        return kept

    def _in_database(self, county: str, kept: KeptIndex) -> KeptIndex:
        """The same index, with its names and numbers in the database; they are filled in where they are missing."""
        from data.store.address_names import DatabaseIndex, edition_of, fill_names

        asked = self._asked.get(county)
        if asked is None or asked.content != kept.content:
            content = "\n".join((*self._marks(county).values(), kept.content))
            with self._store.read(EVERYWHERE) as tx:
                edition = edition_of(tx, county, content)
            if edition is None:
                with self._store.write(system_act("address index")) as tx:
                    places = tx.addresses.places(county, kept.state)
                    edition = fill_names(tx, county, content, kept.index, places)
            index = DatabaseIndex(kept.index.arrays(), kept.index.meta, self._store, county, *edition)
            asked = self._asked[county] = KeptIndex(kept.state, kept.content, index)
        return asked

    def _renewed(self, tx: Tx, county: str, state: str, before: KeptIndex | None, progress: Progress) -> KeptIndex:
        """The index there is where the addresses are the same, else a new one that keeps what did not change."""
        return renewed(tx, county, state, before, region=self._region, progress=progress)

    def _read(self, county: str) -> KeptIndex | None:
        """What the file of a county holds; ``None`` where there is none, or none that we can use.

        An index that is in memory with the same content goes on as the same object.
        """
        found = read_arrays(self.path(county))
        if found is None or any(found.meta.get(key) != value for key, value in self._marks(county).items()):
            return None
        known, content = self._kept.get(county), found.meta[f"{_OURS}content"]
        if known is not None and known.content == content:
            return KeptIndex(found.meta[f"{_OURS}state"], content, known.index)
        meta = {key: value for key, value in found.meta.items() if not key.startswith(_OURS)}
        try:
            index = AddressIndex.of_arrays(found.arrays, meta)
        except (KeyError, ValueError, IndexError, TypeError):
            return None  # of another release
        return KeptIndex(found.meta[f"{_OURS}state"], content, index)

    def _write(self, county: str, made: KeptIndex) -> KeptIndex:
        """Write the file of a county; what can not be kept serves from memory until the process ends.

        What was kept is handed out mapped, so that several processes share one copy.
        """
        path = self.path(county)
        facts = {f"{_OURS}state": made.state, f"{_OURS}content": made.content}
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_arrays(path, made.index.arrays(), {**made.index.meta, **self._marks(county), **facts})
        except (StorageError, OSError) as error:
            why = error.code if isinstance(error, StorageError) else str(error.strerror)
            _LOG.warning(
                "the address index of %s serves from memory alone, its file could not be kept: %s", county, why
            )
            return made
        written = self._read(county)
        return written if written is not None and written.content == made.content else made

    def _marks(self, county: str) -> dict[str, str]:
        made_by = f"{_FORMAT}.{FORMAT} {version('gridwright')}"
        return {f"{_OURS}format": made_by, f"{_OURS}county": county, f"{_OURS}region": self._region}


def renewed(
    tx: Tx, county: str, state: str, before: KeptIndex | None, *, region: str = "", progress: Progress = SILENT
) -> KeptIndex:
    """The index of what a transaction's jurisdiction sees of a county: the one before where nothing of it changed."""
    table, names, former = tx.addresses.table(county), tx.addresses.names(county), former_names(tx, county)
    content = content_of(table, names, former)
    if before is not None and before.content == content:
        return KeptIndex(state, content, before.index)
    index = build_index(
        table,
        region=region,
        names={_KINDS[kind]: found for kind, found in names.items()},
        aliases={(_KINDS[kind], old): new for kind, found in former.items() for old, new in found.items()},
        previous=None if before is None else before.index,
        progress=progress,
    )
    return KeptIndex(state, content, index)


def load_address_reader() -> None:
    """Load what the first mistyped address of a process would otherwise wait for: about two seconds."""
    import pandas as pd

    index = build_index(pd.DataFrame({"id": ["1"], "text": ["和平路1号"]}))
    index.find("和平陆1号")


def check_address_index(store: SqlStore, where: str | None = None) -> None:
    """Whether a store can hold its address index where it is wanted; said before anything waits for it.

    Parameters
    ----------
    where
        As for `AddressBooks`.

    Raises
    ------
    InputError
        ``address_index_unknown``, ``address_index_without_server``.
    StorageError
        ``server_trigrams_missing``, ``server_locale_c``.
    """
    where = where or settings.address_index()
    if where not in (MEMORY, DATABASE):
        raise InputError("address_index_unknown", measured=where, allowed=f"{MEMORY}, {DATABASE}")
    if where == MEMORY:
        return
    if store.kind != "postgis":
        raise InputError("address_index_without_server", measured=where, allowed=MEMORY)
    from data.store.postgis import prepare_trigrams

    with store.write(system_act("address index")) as tx:
        prepare_trigrams(tx.connection)


def fill_address_index(store: SqlStore, county: str, progress: Progress = SILENT) -> None:
    """Put the addresses of a county where the database is asked for them; nothing where memory is.

    Raises
    ------
    StorageError
        What the database refuses.
    """
    if settings.address_index() == DATABASE:
        AddressBooks(store).index(county, progress)


def address_folder(store: SqlStore) -> Path:
    """Where the indexes of a store lie: beside its file, or in the user's data folder for a store on a server."""
    url = store.url
    if store.kind == "embedded" and url.database:
        return Path(f"{url.database}.addresses")
    place = url.set(username=None, password=None, query={}).render_as_string()
    return settings.data_folder() / "addresses" / hashlib.sha256(place.encode()).hexdigest()[:16]


def content_of(
    table: pd.DataFrame, names: Mapping[str, Sequence[str]], former: Mapping[str, Mapping[str, str]] | None = None
) -> str:
    """Digest of everything an index is made of: every value of every column, in order, further and former names."""
    digest = hashlib.sha256(str(len(table)).encode())
    columns: dict[str, Any] = {name: table[name] for name in table.columns}
    columns |= {f"names {kind}": names[kind] for kind in sorted(names)}
    for kind, found in sorted((former or {}).items()):
        columns[f"former {kind}"] = [text for pair in sorted(found.items()) for text in pair]
    for name, values in columns.items():
        digest.update(f"\0{name}\0".encode())
        dtype = getattr(values, "dtype", None)
        if dtype is not None and dtype.kind in "biuf":
            digest.update(values.to_numpy().tobytes())
        else:
            said = "\x1f".join("\x1e" if text is None else str(text) for text in values)
            digest.update(said.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
