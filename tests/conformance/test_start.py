"""OGC API - Features Part 1 (OGC 17-069r4), points 1 to 4: landing page, description, conformance.

Each test is called by its point of twenty-six, and by the requirement of the standard where it has a name there.
"""

from __future__ import annotations

import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_30_VALIDATOR

from tests.served import Served

OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"


def links(document: dict, rel: str) -> list[dict]:
    return [link for link in document["links"] if link["rel"] == rel]


@pytest.mark.parametrize("path", ["/", "/api", "/conformance", "/collections"])
def test_01_http_is_spoken_as_version_1_1_at_every_advertised_path(served: Served, path: str) -> None:
    answer = served.get(path)
    assert (answer.status_code, answer.http_version) == (200, "HTTP/1.1")


def test_02_root_op_the_landing_page_links_to_description_conformance_and_data(served: Served) -> None:
    page = served.json("/", headers={"Accept": "application/json"})
    for rel in ("self", "service-desc", "conformance", "data"):
        assert links(page, rel), rel
    assert all(link["href"] and link["type"] for link in page["links"])
    assert {type(page[name]) for name in ("title", "description")} == {str}


def test_02_root_success_every_link_of_the_landing_page_leads_somewhere_of_the_stated_type(served: Served) -> None:
    for link in served.json("/")["links"]:
        answer = served.get(link["href"], headers={"Accept": link["type"]})
        assert answer.status_code == 200, link
        assert answer.headers["content-type"].replace(" ", "").startswith(link["type"]), link


def test_03_api_definition_op_is_linked_with_exactly_the_type_the_test_suite_looks_for(served: Served) -> None:
    stated = [link for link in links(served.json("/"), "service-desc") if link["type"].replace(" ", "") == OPENAPI]
    assert len(stated) == 1


def test_03_api_definition_success_is_a_valid_openapi_3_0_document(served: Served) -> None:
    (link,) = links(served.json("/"), "service-desc")
    answer = served.get(link["href"], headers={"Accept": OPENAPI})
    assert answer.status_code == 200
    assert answer.headers["content-type"].replace(" ", "") == OPENAPI
    document = answer.json()
    assert document["openapi"].startswith("3.0.")
    OPENAPI_30_VALIDATOR.validate(document)
    assert document["servers"] == [{"url": served.url}]


def test_04_conformance_lists_core_openapi_and_geojson_and_nothing_we_do_not_have(served: Served) -> None:
    for address in {"/conformance", *(link["href"] for link in links(served.json("/"), "conformance"))}:
        claimed = served.json(address)["conformsTo"]
        assert {CORE + name for name in ("core", "oas30", "geojson")} == set(claimed)
