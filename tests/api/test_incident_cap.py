"""CAP 1.2: messages become incidents, change them and cancel them; incidents go out as messages."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from data.files.cap import CERTAINTIES, MESSAGES, NAMESPACE, SEVERITIES, STATUSES, URGENCIES, read_cap
from data.store import SqlStore
from tests.http_kit import code
from tests.incident_kit import NOW, receive, step
from tests.service_town import FIRST, middle, put_town
from tests.stores import embedded_store, migrated_file

__all__ = ["embedded_store", "migrated_file"]

# Elements of the schema in their order, and those that must be there.
_ALERT = (
    *("identifier", "sender", "sent", "status", "msgType", "source", "scope", "restriction", "addresses", "code"),
    *("note", "references", "incidents", "info"),
)
_INFO = (
    *("language", "category", "event", "responseType", "urgency", "severity", "certainty", "audience", "eventCode"),
    *("effective", "onset", "expires", "senderName", "headline", "description", "instruction", "web", "contact"),
    *("parameter", "resource", "area"),
)
_AREA = ("areaDesc", "polygon", "circle", "geocode", "altitude", "ceiling")
_NEEDED = {
    "alert": {"identifier", "sender", "sent", "status", "msgType", "scope"},
    "info": {"category", "event", "urgency", "severity", "certainty"},
    "area": {"areaDesc"},
}
_MANY = {"code", "info", "category", "responseType", "eventCode", "parameter", "resource", "area", "polygon", "circle"}
_MANY |= {"geocode"}


@pytest.fixture
def http(embedded_store: SqlStore) -> TestClient:
    put_town(embedded_store)
    return TestClient(create_app(embedded_store, ServiceSettings(now=lambda: NOW)))


def message(place: tuple[float, float] | str = middle("B"), **said: str) -> str:
    """A message; ``place`` is the middle of a circle, or the text of a whole area."""
    words = {"identifier": "KMA.2026.1", "status": "Actual", "type": "Alert", "references": "", "event": "管线泄漏"}
    words |= {"sent": "2026-11-22T15:30:00+08:00", "urgency": "Immediate", "severity": "Severe", **said}
    area = place if isinstance(place, str) else f"<circle>{place[1]},{place[0]} 0.2</circle>"
    references = f"<references>{words['references']}</references>" if words["references"] else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="{NAMESPACE}"><identifier>{words["identifier"]}</identifier><sender>ops@example.org</sender>
<sent>{words["sent"]}</sent><status>{words["status"]}</status><msgType>{words["type"]}</msgType><scope>Public</scope>
{references}<info><category>Infra</category><event>{words["event"]}</event><urgency>{words["urgency"]}</urgency>
<severity>{words["severity"]}</severity><certainty>Observed</certainty><senderName>张三</senderName>
<headline>三号楼旁</headline><contact>13812345678</contact><area><areaDesc>和平路</areaDesc>{area}</area></info></alert>"""


def send(http: TestClient, text: str) -> Any:
    return http.post("/v1/incidents/cap", content=text.encode(), headers={"Content-Type": "application/cap+xml"})


def test_an_alert_becomes_an_incident_once_and_no_person_is_kept(http: TestClient) -> None:
    first = send(http, message())
    assert first.status_code == 201, first.text
    made = first.json()["incident"]
    kept = (made["grid"], made["priority"], made["kind"], made["source"], made["external"])
    assert kept[:4] == (f"{FIRST}B", 1, "管线泄漏", "cap")
    assert kept[4].startswith("KMA.2026.1~")
    assert "example" not in first.text
    assert made["received_at"] == "2026-11-22T07:30:00.000Z"
    assert "张三" not in first.text
    assert "138" not in first.text
    again = send(http, message())
    assert (again.status_code, again.json()["taken"], again.json()["incident"]["id"]) == (200, False, made["id"])
    assert http.get("/v1/incidents").json()["count"] == 1


def test_two_senders_may_number_their_alerts_alike(http: TestClient) -> None:
    theirs = message(event="火灾").replace("ops@example.org", "fire@example.org")
    ids = [send(http, text).json()["incident"]["id"] for text in (message(), theirs)]
    assert len(set(ids)) == 2
    cancel = message(type="Cancel", identifier="x", references="fire@example.org,KMA.2026.1,2026-11-22T15:30:00+08:00")
    assert send(http, cancel).json()["incident"]["id"] == ids[1]
    states = {row["id"]: row["state"] for row in http.get("/v1/incidents").json()["incidents"]}
    assert states == {ids[0]: "received", ids[1]: "cancelled"}
    strange = cancel.replace("fire@example.org,", "nobody@example.org,")
    assert code(send(http, strange)) == (404, "cap_reference_unknown")


def test_exercises_and_tests_are_no_incidents_and_are_told_so(http: TestClient) -> None:
    for status in ("Exercise", "Test", "System", "Draft"):
        told = send(http, message(status=status)).json()
        assert (told["taken"], told["code"], told["incident"]) == (False, "cap_not_actual", None)
    assert send(http, message(type="Ack")).json()["code"] == "cap_not_alert"
    assert http.get("/v1/incidents").json()["count"] == 0


def test_an_update_changes_and_a_cancellation_cancels_what_they_refer_to(http: TestClient) -> None:
    id = send(http, message()).json()["incident"]["id"]
    said = {"identifier": "KMA.2026.2", "references": "ops@example.org,KMA.2026.1,2026-11-22T15:30:00+08:00"}
    changed = send(http, message(type="Update", severity="Minor", urgency="Future", **said)).json()
    assert (changed["incident"]["id"], changed["incident"]["priority"], changed["taken"]) == (id, 3, True)
    gone = send(http, message(type="Cancel", **said)).json()
    assert (gone["incident"]["id"], gone["incident"]["state"]) == (id, "cancelled")
    assert send(http, message(type="Cancel", **said)).json()["taken"] is False
    strange = message(type="Cancel", identifier="x", references="a,b,c")
    assert code(send(http, strange)) == (404, "cap_reference_unknown")


def test_latitude_comes_first_in_circles_and_polygons(http: TestClient) -> None:
    lon, lat = middle("A")
    d = 0.0003
    corners = ((lat - d, lon - d), (lat - d, lon + d), (lat + d, lon + d), (lat - d, lon - d))
    ring = " ".join(f"{a:.6f},{b:.6f}" for a, b in corners)
    told = send(http, message(f"<polygon>{ring}</polygon>")).json()["incident"]
    assert told["grid"] == f"{FIRST}A"
    assert code(send(http, message(f"<circle>{lon},{lat} 1</circle>"))) == (422, "cap_area_wrong")  # no such latitude
    assert code(send(http, message(""))) == (422, "cap_area_missing")
    assert code(send(http, message("<polygon>1,2 3,4</polygon>"))) == (422, "cap_area_wrong")
    assert code(send(http, message((0.0, 0.0), identifier="far"))) == (422, "incident_outside")


NO_GOOD = (
    ("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><alert>&x;</alert>", "cap_entities"),
    ("<!DOCTYPE a [<!ENTITY x 'ha'><!ENTITY y '&x;&x;&x;'>]><alert>&y;</alert>", "cap_entities"),
    ("<alert>", "cap_not_xml"),
    ("<alert xmlns='urn:oasis:names:tc:emergency:cap:1.1'/>", "cap_not_cap"),
    (f"<alert xmlns='{NAMESPACE}'/>", "cap_element_missing"),
    (message(urgency="Soon"), "cap_element_wrong"),
    (message(sent="2026-11-22"), "cap_element_wrong"),
    (message(sent="2036-11-22T15:30:00+08:00"), "incident_in_future"),
    (message(identifier="a b"), "cap_element_wrong"),
    (message(event="找 13812345678"), "note_looks_personal"),
    ("<a>" * 200_000, "cap_not_xml"),
    (message() + " " * 1_100_000, "cap_too_large"),
)


def test_what_is_no_good_message_is_refused(http: TestClient) -> None:
    for text, expected in NO_GOOD:
        assert code(send(http, text)) == (422, expected)
    assert http.get("/v1/incidents").json()["count"] == 0


def told_in_order(element: Element, order: tuple[str, ...]) -> None:
    tags = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in element]
    places = [order.index(tag) for tag in tags]
    assert places == sorted(places)
    assert all(tags.count(tag) == 1 for tag in tags if tag not in _MANY)
    assert set(tags) >= _NEEDED[element.tag.removeprefix(f"{{{NAMESPACE}}}")]


def test_an_incident_goes_out_as_the_schema_wants_it_and_comes_back_the_same(http: TestClient) -> None:
    facts = {"kind": "消防 & <隐患>", "priority": 2, "title": "楼道", "address": "和平路 3 号"}
    made = receive(http, middle("C"), **facts)
    answer = http.get(f"/v1/incidents/{made['id']}/cap")
    assert answer.headers["content-type"].startswith("application/cap+xml")
    root = fromstring(answer.content)
    info, area = (root.find(f".//{{{NAMESPACE}}}{tag}") for tag in ("info", "area"))
    assert info is not None
    assert area is not None
    for element, order in ((root, _ALERT), (info, _INFO), (area, _AREA)):
        told_in_order(element, order)
    said = {e.tag.removeprefix(f"{{{NAMESPACE}}}"): e.text for e in root.iter()}
    choices = {"status": STATUSES, "msgType": MESSAGES, "urgency": URGENCIES, "severity": SEVERITIES}
    for tag, allowed in (choices | {"certainty": CERTAINTIES}).items():
        assert said[tag] in allowed
    back = read_cap(answer.content)
    assert (back.message, back.kind, back.priority, back.title) == ("Alert", "消防 & <隐患>", 2, "楼道")
    assert (back.lon, back.lat) == pytest.approx((made["lon"], made["lat"]), abs=1e-7)
    step(http, made["id"], "cancelled", reason="twice")
    later = read_cap(http.get(f"/v1/incidents/{made['id']}/cap").content)
    assert (later.message, later.references) == ("Cancel", (back.external,))
