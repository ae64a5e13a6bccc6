"""The papers of a plan over HTTP: one alone, all by a job, the reason of a step kept."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import pytest
from openpyxl import load_workbook

from data.store import SqlStore
from tests.job_kit import run_worker_until
from tests.plan_site import PlanSite, make_plan_site
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
NAMES = {
    "register": "register.xlsx",
    "atlas": "atlas.pdf",
    "statistics": "statistics.xlsx",
    "notice": "notice.xlsx",
    "map": "map.html",
}


@pytest.fixture
def plans(store: SqlStore) -> PlanSite:
    return make_plan_site(store, 3_000)


@pytest.fixture
def alone(embedded_store: SqlStore) -> PlanSite:
    return make_plan_site(embedded_store, 3_000)


def ask(plans: PlanSite, **body: Any) -> str:
    answer = plans.clients["wang"].post(f"/v1/plans/{plans.plan}/papers", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_papers_made_by_a_job_are_those_made_at_once(plans: PlanSite) -> None:
    job = ask(plans, lang="en")
    (card,) = run_worker_until(plans.site.store, job)
    assert card.state == "done", card.faults
    auditor = plans.clients["zhao"]
    result = auditor.get(f"/v1/jobs/{job}").json()["result"]
    whole = auditor.get(f"/v1/jobs/{job}/papers")
    assert whole.headers["content-type"] == "application/zip"
    assert len(whole.content) == result["bytes"]
    at_once = plans.get("file", lang="en").content
    with zipfile.ZipFile(io.BytesIO(whole.content)) as one, zipfile.ZipFile(io.BytesIO(at_once)) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())
        for name in one.namelist():
            if name.endswith((".xlsx", ".pdf", ".html", ".txt")):
                assert one.read(name) == other.read(name), name
        listed = {row["paper"]: row["name"] for row in result["files"]}
        assert {paper: listed.get(paper) for paper in NAMES} == NAMES
        for paper, name in NAMES.items():
            alone = auditor.get(f"/v1/jobs/{job}/papers", params={"only": paper})
            assert alone.content == one.read(name)
            assert name in alone.headers["content-disposition"]


@pytest.mark.parametrize("only", sorted(NAMES))
def test_a_paper_asked_for_alone_has_the_bytes_it_has_among_all(alone: PlanSite, only: str) -> None:
    answer = alone.get("file", lang="en", only=only)
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(alone.get("file", lang="en").content)) as whole:
        assert hashlib.sha256(answer.content).digest() == hashlib.sha256(whole.read(NAMES[only])).digest()


def test_a_first_plan_has_no_change_list_and_that_is_said(alone: PlanSite) -> None:
    for only in ("changes", "crosswalk", "change_map"):
        answer = alone.get("file", lang="en", only=only)
        assert (answer.status_code, answer.json()["code"]) == (409, "filing_paper_absent")
    assert alone.get("file", only="everything").status_code in (400, 422)


def test_the_register_alone_opens_and_lists_every_grid(alone: PlanSite) -> None:
    book = load_workbook(io.BytesIO(alone.get("file", lang="en", only="register").content), read_only=True)
    found = {str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row}
    assert set(alone.sheet().grids) <= found


def test_papers_of_other_jobs_and_of_jobs_under_way_are_refused(alone: PlanSite) -> None:
    job = ask(alone)
    wang = alone.clients["wang"]
    assert wang.get(f"/v1/jobs/{job}/papers").json()["code"] == "papers_not_done"
    other = wang.post("/v1/frontier", json={"plan": alone.plan}).json()["id"]
    assert wang.get(f"/v1/jobs/{other}/papers").json()["code"] == "papers_of_other_job"
    run_worker_until(alone.site.store, job)
    answer = wang.get(f"/v1/jobs/{job}/papers", params={"only": "secrets"})
    assert (answer.status_code, answer.json()["code"]) == (404, "job_file_unknown")


def test_papers_of_a_plan_that_went_on_meanwhile_are_not_made(alone: PlanSite) -> None:
    job = ask(alone)
    assert alone.post("wang", "status", {"state": "submitted"}).status_code == 200
    (card,) = run_worker_until(alone.site.store, job)
    assert (card.state, [fault.code for fault in card.faults]) == ("failed", ["job_plan_changed"])


def test_why_a_plan_is_returned_stays_in_its_history(plans: PlanSite) -> None:
    assert plans.post("wang", "status", {"state": "submitted"}).status_code == 200
    told = plans.post("chen", "status", {"state": "returned", "reason": "边界与派出所辖区不符"})
    assert told.status_code == 200, told.text
    assert [stay["reason"] for stay in told.json()["states"]] == [None, None, "边界与派出所辖区不符"]
    with plans.site.store.read() as tx:
        assert [entry.reason for entry in tx.audit.entries(limit=1000)][-1] == "边界与派出所辖区不符"
    assert plans.post("wang", "status", {"state": "submitted", "reason": "x" * 501}).status_code == 422
