"""The service's log: one JSON object a line on standard error, or plain lines where a person is looking.

A line holds no query string, no body, no account name and no address of a caller: only what was asked in general
(the route's template), how it ended, how long it took, and the request id that the answer also states.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from functools import partial
from typing import Any, TextIO

import orjson

from api.http.observe import Observer, Seen

ACCESS = logging.getLogger("gridwright.access")
FIELDS = "fields"
"""Name of the extra of a log record that holds plain facts."""
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


class JsonLines(logging.Formatter):
    """One JSON object a record."""

    def format(self, record: logging.LogRecord) -> str:
        """Moment, level, logger, message, facts; the trace of an error."""
        row: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            row["trace"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=False, default=str)


class PlainLines(logging.Formatter):
    """``12:00:01 GET /v1/plans 200 3 ms`` for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Time and message; the level where it is not plain information."""
        moment = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        text = f"{moment} {level}{record.getMessage()}"
        if record.exc_info:
            text += f"\n{self.formatException(record.exc_info)}"
        return text


def start_log(stream: TextIO | None = None, *, quiet: bool = False) -> logging.Handler:
    """Send every log of the service to standard error.

    Parameters
    ----------
    stream
        Where to; standard error when omitted.  A terminal gets plain lines, everything else JSON.
    quiet
        Only warnings and worse: for a service that somebody watches in a terminal.

    Returns
    -------
    The handler that writes them; `end_log` takes it away again.
    """
    out = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(out)
    handler.setFormatter(PlainLines() if out.isatty() else JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING if quiet else logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # Ours says the same without query strings.
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("alembic", "httpx", "dbos"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler


def end_log(handler: logging.Handler) -> None:
    """Take a handler of `start_log` away."""
    logging.getLogger().removeHandler(handler)
    handler.flush()


def log_answers(observer: Observer, handler: logging.Handler | None = None) -> None:
    """Write one line for every answer of a service from now on.

    Parameters
    ----------
    observer
        Of the service.
    handler
        From `start_log`.  Lines of JSON are then written to its stream directly: through `logging` each would cost
        a quarter of what a look-up costs.
    """
    if isinstance(handler, logging.StreamHandler) and isinstance(handler.formatter, JsonLines):
        observer.listen(partial(_write_answer, handler))
    else:
        observer.listen(_log_answer)


def _write_answer(handler: logging.StreamHandler[TextIO], seen: Seen) -> None:
    level = _level(seen)
    if not ACCESS.isEnabledFor(level):
        return
    facts = _facts(seen)
    row = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": logging.getLevelName(level).lower(),
        "logger": ACCESS.name,
        "message": f"{seen.method} {seen.route} {seen.status} {facts['ms']} ms",
        **facts,
    }
    line = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE).decode()
    handler.acquire()
    try:
        handler.stream.write(line)
    except OSError:
        return  # nobody reads the log any more: that is no reason not to answer
    finally:
        handler.release()


def _log_answer(seen: Seen) -> None:
    level = _level(seen)
    if ACCESS.isEnabledFor(level):
        facts = _facts(seen)
        words = (seen.method, seen.route, seen.status, facts["ms"])
        ACCESS.log(level, "%s %s %d %s ms", *words, extra={FIELDS: facts})


def _level(seen: Seen) -> int:
    # Asked every few seconds by machines: one line each would bury the rest.
    return logging.DEBUG if seen.route in _PROBES and seen.status < 500 else logging.INFO


def _facts(seen: Seen) -> dict[str, Any]:
    return {
        "request_id": seen.request_id,
        "method": seen.method,
        "route": seen.route,
        "status": seen.status,
        "ms": round(1000 * seen.seconds, 1),
        "bytes": seen.n_bytes,
    }
