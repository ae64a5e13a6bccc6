"""CAP: a later message finds its incident through any earlier one, and an older one changes nothing; on both stores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from data.migrations import downgrade, upgrade
from data.store import SqlStore
from tests.account_kit import make_site
from tests.api.test_incident_cap import message, send
from tests.http_kit import code
from tests.incident_kit import NOW, step
from tests.service_town import FIRST, SECOND, middle, put_town
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]

OURS, THEIRS = "ops@example.org", "fire@example.org"


@pytest.fixture
def http(store: SqlStore) -> TestClient:
    put_town(store)
    return TestClient(create_app(store, ServiceSettings(now=lambda: NOW)))


def told(name: str, minute: int, *before: str, sender: str = OURS, type: str = "Update", **facts: Any) -> str:
    """A message sent at a minute of the hour before now, about messages of the same sender or ``SENDER/NAME``."""
    named = [one.split("/") if "/" in one else (sender, one) for one in before]
    references = " ".join(f"{who},{what},2026-11-22T15:00:00+08:00" for who, what in named)
    sent = f"2026-11-22T15:{minute:02}:00+08:00"
    text = message(identifier=name, sent=sent, type=type if before else "Alert", references=references, **facts)
    return text.replace(f"<sender>{OURS}<", f"<sender>{sender}<")


def heard(http: TestClient, text: str, status: int = 200) -> dict[str, Any]:
    answer = send(http, text)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def begun(http: TestClient, **facts: Any) -> str:
    """Id of the incident of alert A1, sent at half past."""
    return str(heard(http, told("A1", 30, **facts), 201)["incident"]["id"])


def as_it_is(http: TestClient, id: str) -> Any:
    return [http.get(f"/v1/incidents/{id}{what}").json() for what in ("", "/history")]


def test_each_message_may_name_only_the_one_before(http: TestClient) -> None:
    id = begun(http)
    for number, minute in ((2, 31), (3, 32), (4, 33)):
        answer = heard(
            http, told(f"U{number}", minute, f"{'A' if number == 2 else 'U'}{number - 1}", event=f"第{number}")
        )
        assert (answer["taken"], answer["incident"]["id"], answer["incident"]["kind"]) == (True, id, f"第{number}")
    gone = heard(http, told("C5", 34, "U4", type="Cancel"))
    assert (gone["incident"]["id"], gone["incident"]["state"], gone["taken"]) == (id, "cancelled", True)
    assert http.get("/v1/incidents").json()["count"] == 1


def test_of_several_named_messages_one_that_is_known_is_enough(http: TestClient) -> None:
    id = begun(http)
    heard(http, told("U2", 31, "A1"))
    answer = heard(http, told("U3", 32, "lost", "U2", f"{THEIRS}/A1", event="火灾"))
    assert (answer["incident"]["id"], answer["incident"]["kind"]) == (id, "火灾")
    assert code(send(http, told("U4", 33, "lost", f"{THEIRS}/U2"))) == (404, "cap_reference_unknown")


def test_messages_of_several_incidents_are_no_one_s_and_change_none(http: TestClient) -> None:
    first = begun(http)
    second = heard(http, told("B1", 30, event="火灾"), 201)["incident"]["id"]
    heard(http, told("U2", 31, "A1"))
    before = [as_it_is(http, id) for id in (first, second)]
    for type in ("Update", "Cancel"):
        answer = send(http, told("X3", 32, "U2", "B1", "lost", type=type, event="别的"))
        assert code(answer) == (409, "cap_references_differ")
        assert f"({first}, {second})" in answer.json()["detail"]
    assert [as_it_is(http, id) for id in (first, second)] == before
    assert code(send(http, told("U4", 33, "X3"))) == (404, "cap_reference_unknown"), "what is refused is not kept"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_update_that_comes_late_changes_nothing_and_says_why(http: TestClient, language: str) -> None:
    id = begun(http)
    heard(http, told("U3", 40, "A1", event="火灾", severity="Extreme"))
    before = as_it_is(http, id)
    http.headers["Accept-Language"] = language
    late = told("U2", 35, "A1", event="冒烟", severity="Minor")
    for _ in range(2):
        answer = heard(http, late)
        assert (answer["taken"], answer["code"], answer["incident"]["id"]) == (False, "cap_newer_taken", id)
        words = {
            "zh": "发送时间更晚的消息 U3 已先收到",
            "en": "Message U3, sent later than this one, was taken already",
        }
        assert words[language] in answer["detail"]
        assert as_it_is(http, id) == before
    # It is in the chain all the same.
    assert heard(http, told("U4", 41, "U2", event="复燃"))["incident"]["kind"] == "复燃"


def test_the_same_update_again_does_not_undo_what_somebody_put_right(http: TestClient) -> None:
    id = begun(http)
    update = told("U2", 31, "A1", event="火灾")
    assert heard(http, update)["taken"]
    assert http.patch(f"/v1/incidents/{id}", json={"kind": "冒烟", "priority": 3}).status_code == 200
    before = as_it_is(http, id)
    answer = heard(http, update)
    assert (answer["taken"], answer["code"], answer["incident"]["kind"]) == (False, None, "冒烟")
    assert as_it_is(http, id) == before
    assert heard(http, told("U2", 32, "A1", event="火灾"))["taken"], "sent later it is another one"


def test_the_same_cancellation_again_does_not_cancel_what_was_opened_again(http: TestClient) -> None:
    id = begun(http)
    cancel = told("C2", 31, "A1", type="Cancel")
    assert heard(http, cancel)["taken"]
    step(http, id, "assessed", reason="火还没灭")
    answer = heard(http, cancel)
    assert (answer["taken"], answer["incident"]["state"]) == (False, "assessed")
    assert heard(http, told("U3", 30, "A1", event="冒烟"))["code"] == "cap_newer_taken"
    assert heard(http, told("C4", 33, "A1", type="Cancel"))["incident"]["state"] == "cancelled"


def test_an_update_older_than_the_cancellation_is_late_and_a_newer_one_is_refused(http: TestClient) -> None:
    begun(http)
    heard(http, told("C3", 40, "A1", type="Cancel"))
    late = heard(http, told("U2", 35, "A1"))
    assert (late["code"], late["incident"]["state"]) == ("cap_newer_taken", "cancelled")
    assert code(send(http, told("U4", 41, "A1"))) == (409, "incident_over")


def test_what_names_a_message_is_newer_than_it_whatever_the_sender_s_clock_says(http: TestClient) -> None:
    id = begun(http)
    heard(http, told("U2", 50, "A1", event="二"))
    for name, before in (("U3", "U2"), ("U4", "U3")):  # its clock was put back by ten minutes
        assert heard(http, told(name, 40, before, event=name))["incident"]["kind"] == name
    assert heard(http, told("U5", 45, "A1", event="五"))["code"] == "cap_newer_taken"
    assert as_it_is(http, id)[0]["kind"] == "U4"


def test_before_its_alert_nothing_is_known(http: TestClient) -> None:
    for type in ("Cancel", "Update"):
        assert code(send(http, told("X2", 31, "A1", type=type))) == (404, "cap_reference_unknown")
    id = begun(http)
    assert as_it_is(http, id)[0]["state"] == "received"
    assert heard(http, told("X2", 31, "A1", type="Cancel"))["incident"]["state"] == "cancelled"


def test_chains_of_two_senders_with_the_same_identifiers_stay_apart(http: TestClient) -> None:
    ours = begun(http)
    theirs = heard(http, told("A1", 30, sender=THEIRS), 201)["incident"]["id"]
    for sender, id, minute in ((OURS, ours, 50), (THEIRS, theirs, 31)):
        answer = heard(http, told("U2", minute, "A1", sender=sender, event=f"{id} 二"))
        assert (answer["incident"]["id"], answer["incident"]["kind"]) == (id, f"{id} 二")
        assert heard(http, told("U3", minute + 1, "U2", sender=sender))["incident"]["id"] == id


def test_what_is_refused_is_not_kept_and_may_come_again(http: TestClient) -> None:
    id = begun(http)
    far = told("U2", 31, "A1").replace(f"{middle('B')[1]},", "10.5,")
    assert code(send(http, far)) == (422, "incident_outside")
    assert code(send(http, told("U3", 32, "U2"))) == (404, "cap_reference_unknown")
    assert heard(http, told("U2", 31, "A1", event="火灾"))["taken"]
    assert as_it_is(http, id)[0]["kind"] == "火灾"


def test_a_message_from_the_future_does_not_make_later_ones_old(http: TestClient) -> None:
    begun(http)
    for type in ("Update", "Cancel"):
        future = told("X2", 31, "A1", type=type).replace("2026-11-22T15:31", "2036-11-22T15:31")
        assert code(send(http, future)) == (422, "incident_in_future")
    assert heard(http, told("U3", 32, "A1", event="火灾"))["taken"]


def test_of_many_that_send_one_update_at_once_one_is_taken(http: TestClient) -> None:
    id = begun(http)
    update = told("U2", 31, "A1", event="火灾")
    with ThreadPoolExecutor(4) as pool:
        taken = [answer["taken"] for answer in pool.map(lambda _: heard(http, update), range(6))]
    assert sorted(taken) == [False] * 5 + [True]
    assert as_it_is(http, id)[0]["revision"] == 2


def test_incidents_from_before_messages_were_kept_are_found_by_their_alerts(http: TestClient, store: SqlStore) -> None:
    id = begun(http)
    url = store.url.render_as_string(hide_password=False)
    downgrade(url, "0010")
    upgrade(url)
    answer = heard(http, told("U2", 31, "A1", event="火灾"))
    assert (answer["taken"], answer["incident"]["id"], answer["incident"]["kind"]) == (True, id, "火灾")
    assert heard(http, told("U3", 32, "U2", event="复燃"))["incident"]["id"] == id
    assert heard(http, told("A1", 30))["taken"] is False
    assert heard(http, told("C4", 33, "A1", type="Cancel"))["incident"]["state"] == "cancelled"


def test_messages_are_known_where_their_incident_is_and_nowhere_else(store: SqlStore) -> None:
    put_town(store)
    site = make_site(store)
    site.add("root", "admin")
    for name, place in (("here", FIRST), ("there", SECOND), ("county", FIRST[:6]), ("other", "330411")):
        site.add(name, "dispatcher", place)
    here, there, county, other = (site.client(site.key(name)) for name in ("here", "there", "county", "other"))
    id = begun(here)
    assert heard(here, told("U2", 31, "A1"))["incident"]["id"] == id
    for strange in (there, other):
        for type in ("Update", "Cancel"):
            assert code(send(strange, told("X3", 32, "A1", "U2", type=type))) == (404, "cap_reference_unknown")
    # It is moved to the other community, and its messages with it.
    lat, lon = (f"{value}" for value in reversed(middle("C")))
    moved = told("U3", 33, "U2").replace(f"<circle>{middle('B')[1]},{middle('B')[0]} ", f"<circle>{lat},{lon} ")
    assert heard(county, moved)["incident"]["community"] == SECOND
    assert code(send(here, told("U4", 34, "U2"))) == (404, "cap_reference_unknown")
    lasting = moved.replace(">U3<", ">U4<").replace("15:33:00", "15:34:00").replace("U2,", "A1,")
    assert heard(there, lasting)["incident"]["id"] == id
