"""How long the service waits for a request to be said: neither for ever nor without end.

uvicorn has no limit on the time or the size of a request's head; whoever sends one byte a second, or a header of a
gigabyte, would hold a connection or the memory.  Bodies are watched inside the service, after the head is known.
Answers that are not read either: ``gridwright.abort`` in the scope ends a connection with all that is on its way.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 64 * 1024
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Patient(HttpToolsProtocol):
    """uvicorn's HTTP with a limit on the head of a request."""

    head_seconds = 15.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_bytes = 0
        self._n_heads = 0
        self._is_in_head = True
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first head."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_clock()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A head begins; on a kept connection the clock starts with it."""
        super().on_message_begin()
        self.scope["gridwright.abort"] = self._abort  # type: ignore[typeddict-unknown-key]
        self._expect_head()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._stop_clock()
        self._is_in_head = False
        self._n_heads += 1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What comes now belongs to a next head."""
        super().on_message_complete()
        self._is_in_head = True
        self._head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Refuse a head that does not end."""
        was_in_head, n_heads = self._is_in_head, self._n_heads
        super().data_received(data)
        # Where a head ended in this piece, the rest of it was a body, or the next head has only begun.
        if was_in_head and self._is_in_head and self._n_heads == n_heads:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._leave(_TOO_LARGE)

    def _abort(self) -> None:
        line = self.transport.get_extra_info("socket")
        if line is not None and line.family != socket.AF_UNIX:
            # What the system still has to send is thrown away as well.
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _expect_head(self) -> None:
        self._is_in_head = True
        if self._late is None:
            self._late = self.loop.call_later(self.head_seconds, self._leave, _TOO_SLOW)

    def _stop_clock(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _leave(self, answer: bytes) -> None:
        self._stop_clock()
        if not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(answer)
            self.transport.close()
