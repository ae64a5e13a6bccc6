"""What every request meets before its route: addresses, hosts, headers, limits, JSON, languages, problems."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.requests import Request

from api.app import ServiceSettings, create_app
from api.http.language import accepted_language
from api.http.moments import read_moment
from api.http.negotiate import preferred
from api.problems import Refusal
from api.routes.access import LOCAL
from api.routes.acts import act_of
from data.store import SqlStore
from gis.errors import Conflict, StorageError
from tests.http_kit import app, client, code, embedded_store, migrated_file
from tests.service_town import put_town

__all__ = ["app", "client", "embedded_store", "migrated_file"]


# --- who and what is asked ---


def test_a_request_id_is_made_or_taken_over_where_it_is_well_formed(client) -> None:
    made = client.get("/healthz").headers["x-request-id"]
    assert len(made) == 32
    assert client.get("/healthz").headers["x-request-id"] != made
    assert client.get("/healthz", headers={"X-Request-Id": "abc-12345"}).headers["x-request-id"] == "abc-12345"
    for odd in ("short", "x" * 65, "a b c d e f g", "<script>alert(1)</script>", "id\u00e9id\u00e9id\u00e9"):
        answer = client.get("/healthz", headers={"X-Request-Id": odd.encode("latin-1")})
        assert answer.headers["x-request-id"] != odd
    problem = client.get("/nowhere", headers={"X-Request-Id": "abc-12345"}).json()
    assert problem["instance"].endswith("abc-12345")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil.example", "[::2]"])
def test_a_strange_host_name_is_refused(client, host) -> None:
    assert code(client.get("/healthz", headers={"Host": host})) == (400, "host_refused")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:80", "[::1]", "[::1]:8000"])
def test_its_own_host_names_are_answered_with_any_port(client, host) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "address", ["/healthz?x=%zz", "/%", "/%f", "/v1/lookup?lon=%ff&lat=1", "/v1/lookup?lon=1%00&lat=1", "/map/%00"]
)
def test_broken_percent_encoding_is_a_problem(client, address) -> None:
    async def ask() -> tuple[int, bytes]:
        # The test client would mend the address before it sends it.
        path, _, query = address.partition("?")
        sent = []
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
        }  # fmt: skip

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message) -> None:
            sent.append(message)

        await client.app(scope, receive, send)
        return sent[0]["status"], sent[1]["body"]

    status, body = asyncio.run(ask())
    assert (status, json.loads(body)["code"]) == (400, "url_malformed")


def test_long_addresses_and_headers_are_refused(client) -> None:
    assert code(client.get("/healthz?" + "x" * 3_000)) == (414, "url_too_long")
    assert code(client.get("/healthz", headers={"X-Long": "x" * 10_000})) == (431, "headers_too_large")


def test_unknown_and_repeated_parameters_are_refused_on_every_path(client, app) -> None:
    asked = 0
    for route in app.routes:
        if not isinstance(route, APIRoute):
            continue
        path = route.path_format.replace("{", "").replace("}", "")
        for method in sorted(route.methods):
            answer = client.request(method, f"{path}?unknownQueryParam12345=1", headers={"Accept": "*/*"})
            assert code(answer) == (400, "parameter_unknown"), (method, path)
            asked += 1
    assert asked > 10
    assert code(client.get("/v1/lookup?lon=1&lon=2&lat=3")) == (400, "parameter_twice")
    assert code(client.get("/v1/lookup?lon=1&lat=3&lat=3")) == (400, "parameter_twice")
    assert code(client.get("/v1/lookup?" + "a=1&" * 101)) == (400, "parameters_too_many")


def test_head_is_answered_wherever_get_is_and_without_a_body(client, app) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json", "/v1/lookup?lon=1&lat=1", "/nowhere"):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert head.headers["content-type"] == get.headers["content-type"]


def test_a_method_that_is_not_there_is_told_which_are(client) -> None:
    answer = client.post("/healthz")
    assert code(answer) == (405, "http_405")
    assert answer.headers["allow"] == "GET, HEAD"
    assert client.get("/v1/lookup/batch").headers["allow"] == "POST"
    assert code(client.request("TRACE", "/healthz")) == (405, "http_405")


@pytest.mark.parametrize("accept", ["text/html", "image/png, text/*;q=0.5", "application/json;q=0"])
def test_what_can_not_be_given_is_refused_with_what_can(client, accept) -> None:
    answer = client.get("/healthz", headers={"Accept": accept})
    assert code(answer) == (406, "not_acceptable")
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize("accept", ["*/*", "application/*", "text/html, application/json;q=0.1", "", "garbage, */*"])
def test_what_can_be_given_is_given(client, accept) -> None:
    assert client.get("/healthz", headers={"Accept": accept}).status_code == 200


def test_a_path_with_a_slash_too_many_is_not_redirected(client) -> None:
    assert code(client.get("/healthz/")) == (404, "http_404")


# --- headers ---


def test_every_answer_forbids_sniffing_framing_and_outside_requests(client, embedded_store) -> None:
    plan = put_town(embedded_store)
    for path in ("/", "/healthz", "/nowhere", f"/map/{plan}", "/v1/lookup?lon=1", "/openapi.json"):
        headers = client.get(path, headers={"Accept": "*/*"}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "cache-control" in headers
        assert "server" not in headers


def test_other_origins_may_read_only_where_they_are_listed(embedded_store) -> None:
    site = {"Origin": "https://map.example"}
    closed = TestClient(create_app(embedded_store))
    assert "access-control-allow-origin" not in closed.get("/healthz", headers=site).headers
    preflight = {**site, "Access-Control-Request-Method": "POST"}
    assert code(closed.options("/v1/lookup/batch", headers=preflight))[0] == 405
    opened = TestClient(create_app(embedded_store, ServiceSettings(cors_origins=("https://map.example",))))
    answer = opened.get("/healthz", headers=site)
    assert answer.headers["access-control-allow-origin"] == "https://map.example"
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in answer.headers
    assert opened.options("/v1/lookup/batch", headers=preflight).status_code == 204
    other = opened.get("/healthz", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    assert "Origin" in other.headers["vary"]


def test_large_answers_are_packed_for_readers_that_take_gzip(client) -> None:
    packed = client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    assert packed.json() == plain.json()
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in client.get("/healthz", headers={"Accept-Encoding": "gzip"}).headers
    refused = client.get("/openapi.json", headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers


# --- languages, moments, media types ---


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB;q=0.5, zh;q=0.7", "zh"),
        ("fr, en;q=0.1", "en"),
        ("zh;q=0, en;q=0.1", "en"),
        ("fr", None),
        ("zh;q=abc", None),
        ("", None),
        (";;;,,,=q", None),
    ],
)
def test_the_language_with_the_most_weight_is_spoken(header, expected) -> None:
    assert accepted_language(header) == expected


def test_problems_are_told_in_the_readers_language(client) -> None:
    chinese = client.get("/nowhere", headers={"Accept-Language": "zh-CN"})
    assert (chinese.json()["title"], chinese.headers["content-language"]) == ("未找到", "zh")
    english = client.get("/v1/lookup?lon=x&lat=1&lang=en", headers={"Accept-Language": "zh"})
    assert english.headers["content-language"] == "en"


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-11-22", "2026-11-22T00:00:00+08:00"),
        ("2026-11-22T08:00:00Z", "2026-11-22T08:00:00+00:00"),
        ("2026-11-22t08:00:00.5+08:00", "2026-11-22T08:00:00.500000+08:00"),
    ],
)
def test_moments_are_read_with_their_zone(text, iso) -> None:
    assert read_moment(text, "at").isoformat() == iso


@pytest.mark.parametrize(
    "text", ["", "now", "2026-11-22T08:00:00", "2026-02-30", "20261122", "2026-W01-1", "9999-12-31T23:59:59-12:00"]
)
def test_what_is_no_moment_is_refused(text) -> None:
    with pytest.raises(Refusal) as caught:
        read_moment(text, "at")
    assert (caught.value.status, caught.value.code) == (400, "moment_malformed")


def test_the_closest_range_of_accept_decides() -> None:
    offered = ("application/json", "text/html")
    assert preferred("text/html;q=0.5, */*;q=0.1", offered) == "text/html"
    assert preferred("*/*", offered) == "application/json"
    assert preferred("application/json;q=0, */*", offered) == "text/html"
    assert preferred("image/png", offered) is None


# --- errors ---


def failing(store: SqlStore, error: Exception) -> TestClient:
    app = create_app(store)

    def fail() -> None:
        raise error

    app.router.routes.insert(0, APIRoute("/fail", fail, methods=["GET", "POST"]))
    return TestClient(app)


def test_an_unexpected_error_is_logged_and_tells_nothing_of_the_inside(embedded_store, caplog) -> None:
    client = failing(embedded_store, RuntimeError("secret /etc/path"))
    with caplog.at_level(logging.ERROR, "gridwright.http"):
        answer = client.get("/fail")
    assert code(answer) == (500, "unexpected_server_error")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] in caplog.text
    assert "secret /etc/path" in caplog.text


@pytest.mark.parametrize(
    ("name", "status"), [("store_full", 507), ("store_busy", 503), ("store_unreachable", 503), ("store_refused", 500)]
)
def test_what_the_store_says_of_itself_stays_inside(embedded_store, name, status) -> None:
    error = StorageError(name, file="postgresql://user@host/db", measured="relation secret does not exist")
    answer = failing(embedded_store, error).get("/fail")
    assert code(answer) == (status, f"http_{status}")
    assert "secret" not in answer.text
    assert "postgresql" not in answer.text
    assert "retry-after" in answer.headers


def test_errors_have_the_status_of_their_kind(embedded_store) -> None:
    for error, status in (
        (Refusal(412, "json_malformed", headers={"ETag": '"x"'}), 412),
        (Conflict("json_malformed"), 409),
    ):
        answer = failing(embedded_store, error).get("/fail")
        assert answer.status_code == status
    assert failing(embedded_store, Refusal(412, "x_y", headers={"ETag": '"x"'})).get("/fail").headers["etag"] == '"x"'


def test_a_service_that_shuts_down_answers_503_but_is_alive(client, app) -> None:
    app.state.observer.drain()
    answer = client.get("/v1/lookup?lon=1&lat=1")
    assert code(answer) == (503, "service_stopping")
    assert answer.headers["connection"] == "close"
    assert client.get("/healthz").status_code == 200
    assert code(client.get("/readyz")) == (503, "service_stopping")


def test_listeners_hear_of_every_answer_by_its_template_and_of_nothing_personal(client, app) -> None:
    heard = []
    app.state.observer.listen(heard.append)
    client.get("/map/p123456789012?lang=zh")
    client.get("/some/where?lon=1")
    client.head("/healthz")
    assert [(seen.method, seen.route, seen.status) for seen in heard] == [
        ("GET", "/map/{plan}", 404),
        ("GET", "-", 404),
        ("HEAD", "/healthz", 200),
    ]
    assert "p123456789012" not in repr(heard)


def test_the_reason_of_an_act_is_read_from_its_header(client) -> None:
    def reason(raw: bytes) -> str:
        scope = {"type": "http", "method": "POST", "headers": [(b"x-reason", raw)], "app": client.app}
        return act_of(Request(scope), LOCAL).reason

    assert reason(b"moved two blocks") == "moved two blocks"
    assert reason("两个街区".encode()) == "两个街区"
    assert reason(b"%E4%B8%A4%E4%B8%AA") == "两个"
    for wrong in (b"\xff\xfe", b"%ff", b"a%0ab", b"x" * 501):
        with pytest.raises(Refusal):
            reason(wrong)
