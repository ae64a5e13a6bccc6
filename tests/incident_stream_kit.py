"""Listening to the dispatcher's desk in tests: messages as they are sent, and the board that they keep up to date."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from api.usecases.incident_board import CLOCK
from partition.incidents.flow import STATES

WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the stream."""

    id: int
    event: str
    data: dict[str, Any]


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """Messages among the lines of a stream, as a browser reads them."""
    said: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            said[name] = value
        elif not line and "id" in said and "data" in said:  # without an id it is no event
            yield Message(int(said["id"]), said["event"], json.loads(said["data"]))
            said = {}
        elif not line:
            said = {}


@contextmanager
def listening(
    address: str, *, after: int | None = None, key: str = "", last_id: str | None = None, seconds: int = 600
) -> Iterator[Iterator[Message]]:
    """An open stream."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if last_id is not None:
        headers["Last-Event-ID"] = last_id
    known = {} if after is None else {"after": after}
    url = f"{address}/v1/incidents/stream"
    with httpx.stream("GET", url, params={**known, "seconds": seconds}, headers=headers, timeout=WAIT_S) as answer:
        assert answer.status_code == 200, answer.read()
        yield messages(answer.iter_lines())


def rows_of_board(board: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The incidents of a board by id, with their texts in place of numbers of texts."""
    columns = {name: list(values) for name, values in board["columns"].items()}
    for name, texts in (("kind", "kinds"), ("state", "states"), ("grid", "grids"), ("community", "communities")):
        columns[name] = [None if i is None else board[texts][i] for i in columns[name]]
    n = len(columns["id"])
    assert all(len(values) == n for values in columns.values())
    return {columns["id"][i]: {name: values[i] for name, values in columns.items()} for i in range(n)}


def applied(board: dict[str, Any], told: Iterable[Message]) -> dict[str, dict[str, Any]]:
    """The incidents of a board after what a listener was told since, as the desk keeps them."""
    rows, number = rows_of_board(board), board["event"]
    for message in told:
        assert message.data["after"] == number < message.data["number"] == message.id
        number = message.id
        if message.data["kind"] == "incident.left":
            rows.pop(message.data["row"]["id"], None)
        elif message.event == "incident":
            row = as_on_board(message.data["row"])
            rows[row["id"]] = row
    return rows


def as_on_board(card: dict[str, Any]) -> dict[str, Any]:
    """A full card as the board has it."""
    plain = ("id", "kind", "priority", "state", "level", "title", "unit", "body", "source", "revision", "grid")
    row = {name: card[name] for name in (*plain, "community")}
    row |= {"lon": round(card["lon"], 6), "lat": round(card["lat"], 6)}
    row |= {name: seconds(card[name]) for name in ("received_at", "due_at")}
    clock = CLOCK[card["state"]]
    row["clock_at"] = None if clock is None else seconds(card[clock])
    row["closed_at"] = seconds(card["closed_at" if card["state"] == "closed" else "cancelled_at"])
    assert card["state"] in STATES
    return row


def seconds(text: str | None) -> int | None:
    """A moment of a card in whole seconds."""
    return None if text is None else int(datetime.fromisoformat(text).timestamp() // 1)
