"""Request bodies: what is not JSON that everybody reads alike, too large, too slow, or of another kind."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from api.usecases.accounts import add_account
from tests.http_kit import app, client, code, embedded_store, migrated_file
from tests.stores import act

__all__ = ["app", "client", "embedded_store", "migrated_file"]

BATCH = "/v1/lookup/batch"
POINT = '{"points": [{"lon": 1, "lat": 1}]}'
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"points": [{"lon": NaN, "lat": 1}]}', "json_not_finite"),
        ('{"points": [{"lon": -Infinity, "lat": 1}]}', "json_not_finite"),
        ('{"points": [{"lon": 1e400, "lat": 1}]}', "json_not_finite"),
        ('{"points": [{"lon": 1, "lon": 2, "lat": 1}]}', "json_name_twice"),
        ('{"points": [], "p\\u006fints": []}', "json_name_twice"),
        ("[" * 65 + "]" * 65, "json_too_deep"),
        ("[" * 20_000 + "]" * 20_000, "json_too_deep"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "json_too_deep"),
        ('{"points": ', "json_malformed"),
        ("{'points': 1}", "json_malformed"),
        ('{"points": 1} {"points": 2}', "json_malformed"),
        ('{"points": 99999999999999999999999}', "json_integer_too_large"),
        ('{"points": ' + "9" * 5000 + "}", "json_integer_too_large"),
        ('{"points": 9223372036854775808}', "json_integer_too_large"),
        ('{"points": "\\u0000"}', "json_text_refused"),
        ('{"points": "\\ud800"}', "json_text_refused"),
        ('{"\\udfff": 1}', "json_text_refused"),
        (b'{"points": "\xff"}', "json_not_utf8"),
        ('{"points": 1}'.encode("utf-16"), "json_not_utf8"),
    ],
)  # fmt: skip
def test_json_that_not_everybody_reads_alike_is_refused(client, body, expected) -> None:
    answer = client.post(BATCH, content=body, headers=JSON)
    assert code(answer) == (400, expected)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", None, "json"])
def test_a_body_of_another_kind_is_refused(client, kind) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    assert code(client.post(BATCH, content=POINT, headers=headers)) == (415, "content_type_refused")


def test_a_packed_body_is_refused(client) -> None:
    answer = client.post(BATCH, content=gzip.compress(POINT.encode()), headers={**JSON, "Content-Encoding": "gzip"})
    assert code(answer) == (415, "content_encoding_refused")


def test_a_large_body_is_refused_with_and_without_its_length(client) -> None:
    assert code(client.post(BATCH, content=b" " * 100_001, headers=JSON)) == (413, "body_too_large")
    streamed = client.post(BATCH, content=iter([b" " * 60_000, b" " * 60_000]), headers=JSON)
    assert code(streamed) == (413, "body_too_large")
    lied = client.post(BATCH, content=b"{}", headers={**JSON, "Content-Length": "9" * 30})
    assert code(lied) == (413, "body_too_large")


def test_a_body_that_does_not_arrive_is_not_waited_for(embedded_store) -> None:
    app = create_app(embedded_store, ServiceSettings(body_seconds=0.05))
    sent = []

    async def receive() -> dict[str, object]:
        await asyncio.sleep(60)
        return {"type": "http.request", "body": b"", "more_body": True}

    async def send(message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": BATCH, "raw_path": BATCH.encode(), "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")], "server": ("h", 80), "state": {},
    }  # fmt: skip
    asyncio.run(asyncio.wait_for(app(scope, receive, send), 60))
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["code"] == "body_too_slow"


def test_who_may_not_ask_is_told_before_the_body_is_read(embedded_store) -> None:
    add_account(embedded_store, act(), "head", role="admin")
    client = TestClient(create_app(embedded_store))
    assert code(client.post(BATCH, content="[" * 1_000_000, headers=JSON)) == (401, "login_needed")
    long = client.post("/v1/session", content=b'{"name": "' + b"x" * 100_000 + b'"}', headers=JSON)
    assert code(long) == (413, "body_too_large")


def test_a_body_of_too_many_values_is_refused(embedded_store) -> None:
    client = TestClient(create_app(embedded_store))
    outline = "[" + ",".join(["[1,2]"] * 200_000) + "]"
    answer = client.post(BATCH, content=f'{{"points": {outline}}}', headers=JSON)
    assert code(answer) == (400, "json_too_many")
