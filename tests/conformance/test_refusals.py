"""OGC API - Features Part 1, points 20 and 24 to 26: parameters and addresses that are refused, and good manners."""

from __future__ import annotations

import http.client
from datetime import UTC, datetime

import pytest

from tests.served import Served, serving, settings_like

PATHS = [
    "/",
    "/conformance",
    "/api",
    "/collections",
    "/collections/grids",
    "/collections/grids/schema",
    "/collections/grids/items",
    "/collections/grids/items/{grid}",
    "/tiles/grids.json",
    "/tiles/grids/12/3346/1488.mvt",
]
PROBLEM = "application/problem+json"


@pytest.fixture
def grid(served: Served) -> str:
    return str(served.json("/collections/grids/items?limit=1")["features"][0]["id"])


def problem(answer) -> dict:
    assert answer.headers["content-type"] == PROBLEM
    document = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= document.keys()
    assert document["status"] == answer.status_code
    return document


@pytest.mark.parametrize("limit", ["unlimited", "0", "-1", "1.5", "", "1e2", "٣"])
def test_20_a_limit_that_is_none_is_refused(served: Served, collection: str, limit: str) -> None:
    answer = served.get(f"/collections/{collection}/items", params={"limit": limit})
    assert answer.status_code == 400
    assert problem(answer)["code"] == "limit_wrong"


@pytest.mark.parametrize("path", PATHS)
def test_20_a_parameter_that_is_not_known_is_refused_on_every_path(served: Served, path: str, grid: str) -> None:
    answer = served.get(path.format(grid=grid), params={"unknownQueryParam12345": "1"})
    assert answer.status_code == 400
    assert problem(answer)["code"] == "parameter_unknown"


@pytest.mark.parametrize("query", ["limit=5&limit=6", "bbox=1,2,3,4&bbox=1,2,3,4", "f=json&f=json"])
def test_20_a_parameter_given_twice_is_refused(served: Served, collection: str, query: str) -> None:
    answer = served.get(f"/collections/{collection}/items?{query}")
    assert answer.status_code == 400
    assert problem(answer)["code"] == "parameter_twice"


@pytest.mark.parametrize("after", ["x", "", "0123456789abcdef:1", ":", "p000000000000:1", "' or 1=1 --"])
def test_20_a_page_that_is_none_is_refused(served: Served, collection: str, after: str) -> None:
    answer = served.get(f"/collections/{collection}/items", params={"after": after})
    assert answer.status_code == 400
    assert problem(answer)["code"] == "page_unknown"


def test_24_every_path_and_status_is_described(served: Served, grid: str) -> None:
    document = served.json("/api")
    described = {
        "/": "/",
        "/conformance": "/conformance",
        "/api": "/api",
        "/collections": "/collections",
        "/collections/{collection}": "/collections/grids",
        "/collections/{collection}/schema": "/collections/grids/schema",
        "/collections/{collection}/items": "/collections/grids/items",
        "/collections/{collection}/items/{feature}": f"/collections/grids/items/{grid}",
        "/tiles/{collection}.json": "/tiles/grids.json",
        "/tiles/{collection}/{z}/{x}/{y}.mvt": "/tiles/grids/12/3346/1488.mvt",
    }
    for template, path in described.items():
        operation = document["paths"][template]["get"]
        answers = operation["responses"]
        good = served.get(path)
        assert str(good.status_code) in answers
        assert good.headers["content-type"] in answers["200"]["content"], template
        assert str(served.get(path, headers={"If-None-Match": good.headers["etag"]}).status_code) in answers
        assert str(served.get(path, params={"no": "1"}).status_code) in answers
        assert str(served.get(path, headers={"Accept": "image/png"}).status_code) in answers
        if "{collection}" in template:
            gone = served.get(path.replace("grids", "nothing"))
            assert gone.status_code == 404
            assert "404" in answers


def test_24_the_ways_to_sign_in_are_described(served: Served) -> None:
    document = served.json("/api")
    schemes = document["components"]["securitySchemes"]
    assert {scheme["type"] for scheme in schemes.values()} == {"http", "apiKey"}
    assert document["paths"]["/collections"]["get"].get("security", document.get("security"))


@pytest.mark.parametrize(
    "path",
    [
        "/collections/nothing",
        "/collections/nothing/schema",
        "/collections/nothing/items",
        "/collections/grids/items/nothing",
        "/collections/buildings/items/nothing",
        "/collections/buildings/items/990101:nothing",
        "/collections/buildings/items/:",
        "/collections/grids/items/@",
        "/tiles/nothing.json",
        "/tiles/nothing/1/0/0.mvt",
        "/tiles/grids/1/2/0.mvt",
        "/tiles/grids/1/0/2.mvt",
        "/nothing",
    ],
)
def test_25_what_does_not_exist_is_not_found(served: Served, path: str) -> None:
    answer = served.get(path)
    assert answer.status_code == 404
    problem(answer)


@pytest.mark.parametrize("path", ["/tiles/grids/23/0/0.mvt", "/tiles/grids/-1/0/0.mvt", "/tiles/grids/a/0/0.mvt"])
def test_25_a_tile_that_cannot_be_is_malformed(served: Served, path: str) -> None:
    answer = served.get(path)
    assert answer.status_code == 400
    problem(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_25_other_methods_are_refused_and_the_allowed_ones_named(served: Served, method: str, grid: str) -> None:
    for path in PATHS:
        answer = served.http.request(method, served.url + path.format(grid=grid))
        assert answer.status_code == 405
        assert {"GET", "HEAD"} <= set(answer.headers["allow"].split(", "))
        problem(answer)


def test_25_an_encoding_we_do_not_have_is_not_acceptable(served: Served, grid: str) -> None:
    for path in PATHS:
        answer = served.get(path.format(grid=grid), headers={"Accept": "image/png"})
        assert answer.status_code == 406
        problem(answer)


def test_25_f_comes_before_accept(served: Served, collection: str) -> None:
    for path in ("/collections", f"/collections/{collection}", f"/collections/{collection}/items"):
        assert served.get(path, params={"f": "json"}, headers={"Accept": "image/png"}).status_code == 200
        answer = served.get(path, params={"f": "xml"})
        assert answer.status_code == 400
        assert problem(answer)["code"] == "parameter_wrong"


def test_25_an_address_that_is_too_long_or_broken_is_refused(served: Served) -> None:
    assert served.get("/collections/grids/items", params={"bbox": "1" * 10_000}).status_code == 414
    host, port = served.url.removeprefix("http://").split(":")
    for path in ("/collections/%zz", "/collections/grids/items/%e4%b8", "/collections/grids/items?bbox=%"):
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            assert (answer.status, answer.headers["content-type"]) == (400, PROBLEM)
        finally:
            connection.close()


def test_26_head_answers_as_get_does_without_a_body(served: Served, grid: str) -> None:
    for path in PATHS:
        asked, plain = path.format(grid=grid), {"Accept-Encoding": "identity"}
        get, head = served.get(asked, headers=plain), served.http.head(served.url + asked, headers=plain)
        assert (head.status_code, head.content) == (200, b"")
        same = {"content-type", "etag", "link", "vary"} & get.headers.keys()
        assert {name: head.headers[name] for name in same} == {name: get.headers[name] for name in same}


def test_26_who_has_the_answer_already_is_told_so(served: Served, grid: str) -> None:
    for path in PATHS:
        first = served.get(path.format(grid=grid))
        again = served.get(path.format(grid=grid), headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        other = served.get(path.format(grid=grid), headers={"If-None-Match": '"other"'})
        assert other.status_code == 200


def test_26_links_also_stand_in_the_header(served: Served, collection: str) -> None:
    answer = served.get(f"/collections/{collection}/items?limit=2")
    stated = {value["rel"]: value["url"] for value in answer.links.values()}
    assert stated == {link["rel"]: link["href"] for link in answer.json()["links"]}


def test_26_pages_of_other_origins_read_it_only_where_they_are_allowed(served: Served) -> None:
    settings = settings_like(cors_origins=("https://map.example",))
    with serving(served.kind, served.store, served.plan, settings) as other:
        for origin, allowed in (("https://map.example", "https://map.example"), ("https://evil.example", None)):
            answer = other.get("/collections/grids/items", headers={"Origin": origin})
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert "Origin" in answer.headers.get_list("vary")[-1] or "Origin" in answer.headers["vary"]
    assert (
        "access-control-allow-origin"
        not in served.get("/collections", headers={"Origin": "https://map.example"}).headers
    )


def test_26_links_carry_the_address_that_the_site_states_and_not_the_one_asked_by(served: Served) -> None:
    settings = settings_like(public_url="https://grids.example/open/", hosts=("*",))
    with serving(served.kind, served.store, served.plan, settings) as other:
        for path in (
            "/",
            "/collections",
            "/collections/grids",
            "/collections/grids/items?limit=1",
            "/tiles/grids.json",
        ):
            text = other.get(path, headers={"Host": "evil.example"}).text
            assert "evil.example" not in text
            assert "https://grids.example/open/" in text
            assert other.url not in text


def test_26_an_answer_is_packed_for_who_takes_it(served: Served) -> None:
    plain = served.get("/collections/buildings/items?limit=500", headers={"Accept-Encoding": "identity"})
    packed = served.get("/collections/buildings/items?limit=500", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json()["features"] == plain.json()["features"]
    assert datetime.fromisoformat(plain.json()["timeStamp"]) <= datetime.now(UTC)
