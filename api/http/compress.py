"""gzip for answers that are worth it: text of some size, to readers that take it.  Event streams stay as they are."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from starlette.types import Message

_WORTH = (b"text/", b"application/json", b"application/geo+json", b"application/problem+json", b"application/vnd.")
_LEVEL = 5


class Packer:
    """Packs one answer."""

    def __init__(self, from_bytes: int) -> None:
        self.is_on = False
        self._from_bytes = from_bytes
        self._start: Message = {}
        self._gzip: zlib._Compress | None = None

    @staticmethod
    def of(encodings: bytes | None, from_bytes: int) -> Packer | None:
        """A packer where the reader's ``Accept-Encoding`` names gzip."""
        if encodings is None or b"gzip" not in encodings or b"gzip;q=0" in encodings.replace(b" ", b""):
            return None
        return Packer(from_bytes)

    def takes(self, start: Message) -> bool:
        """Whether this answer is of a kind that is packed; its start is then held back until the first of its body."""
        names = {name.lower(): value for name, value in start["headers"]}
        kind = names.get(b"content-type", b"")
        self.is_on = (
            kind.startswith(_WORTH)
            and not kind.startswith(b"text/event-stream")
            and b"content-encoding" not in names
            and start["status"] not in (204, 206, 304)
            and int(names.get(b"content-length", self._from_bytes)) >= self._from_bytes
        )
        self._start = start
        return self.is_on

    def pack(self, message: Message) -> Iterator[Message]:
        """The messages to send in place of one part of the body."""
        body, is_last = message.get("body", b""), not message.get("more_body", False)
        if self._start:
            start, self._start = self._start, {}
            if is_last and len(body) < self._from_bytes:
                self.is_on = False
                yield start
                yield message
                return
            yield {**start, "headers": _packed_headers(start["headers"])}
            self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
        assert self._gzip is not None
        packed = self._gzip.compress(body)
        if is_last:
            packed += self._gzip.flush()
        yield {"type": "http.response.body", "body": packed, "more_body": not is_last}


def _packed_headers(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    # An ETag stays strong: it names the revision that If-Match asks for; Vary keeps the packed copy apart in caches.
    return [*kept, (b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
