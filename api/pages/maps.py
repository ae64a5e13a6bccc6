"""Maps of stored plans, drawn once a revision: kept on disk where the site gives a folder, else in memory.

A map is a page of some megabytes that takes seconds to draw, so it is kept packed and drawn by one thread at a time.
"""

from __future__ import annotations

import hashlib
import os
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_MEMORY_BYTES = 64 * 1024 * 1024
_DISK_FILES = 200
_LEVEL = 6


class MapCache:
    """Packed pages by what they show.

    Parameters
    ----------
    folder
        Where pages are kept between runs; ``None``: in memory only.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._draw = threading.Lock()
        self._guard = threading.Lock()

    def page(self, key: tuple[object, ...], draw: Callable[[], str]) -> bytes:
        """The page of a key as gzip, drawn where it is not kept yet."""
        name = hashlib.sha256(repr(key).encode()).hexdigest()[:32]
        found = self._find(name)
        if found is not None:
            return found
        with self._draw:
            found = self._find(name)
            if found is None:
                packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
                found = packer.compress(draw().encode()) + packer.flush()
                self._keep(name, found)
        return found

    def _find(self, name: str) -> bytes | None:
        with self._guard:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        if self._folder is not None:
            with suppress(OSError):
                return (self._folder / f"{name}.html.gz").read_bytes()
        return None

    def _keep(self, name: str, page: bytes) -> None:
        with self._guard:
            self._kept[name] = page
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > _MEMORY_BYTES:
                self._kept.popitem(last=False)
        if self._folder is not None:
            # A full disk only costs the next reader the drawing.
            with suppress(OSError):
                self._write(self._folder, name, page)

    def _write(self, folder: Path, name: str, page: bytes) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = folder / f"{name}.{os.getpid()}.part"
        unfinished.write_bytes(page)
        os.replace(unfinished, folder / f"{name}.html.gz")
        pages = sorted(folder.glob("*.html.gz"), key=lambda path: path.stat().st_mtime)
        for old in pages[:-_DISK_FILES]:
            old.unlink(missing_ok=True)
