"""The page service: what it answers, what it refuses, how it begins and ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import geopandas as gpd
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from shapely import box

from api.app import create_app, open_door
from api.cli import main
from data.files.plan_file import write_plan
from gis.errors import Conflict, InputError, NotFound
from partition.filed import FiledPlan
from partition.rules import Rules


def one_grid_plan() -> FiledPlan:
    grid = {
        "code": "330402015006001",
        "name": "第一网格",
        "community": "330402015006",
        "kind": "standard",
        "households": 412,
        "population": 1200,
        "buildings": 9,
        "area_m2": 10_000.0,
        "within_band": True,
        "reason": None,
        "parent": None,
    }
    community = {
        "code": "330402015006",
        "households": 412,
        "grids": 1,
        "feasible": "yes",
        "reason": None,
        "proof": "arithmetic",
        "objective": 0.0,
        "bound": 0.0,
        "gap_frac": 0.0,
        "seconds": float("nan"),
    }
    return FiledPlan(
        grids=gpd.GeoDataFrame([grid], geometry=[box(0, 0, 100, 100)], crs=4549),
        members=pd.DataFrame({"kind": ["building"], "id": ["b1"], "grid": [grid["code"]]}),
        communities=pd.DataFrame([community]),
        violations=pd.DataFrame(columns=["code", "grid", "community", "detail_zh", "detail_en"], dtype="str"),
        meta={"rules": Rules().to_toml(), "seed": "0"},
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "plan.html").write_text("<!doctype html><title>map</title>", encoding="utf-8")
    (tmp_path / "<img src=x>.html").write_text("odd name", encoding="utf-8")
    write_plan(one_grid_plan(), tmp_path / "plan.gpkg")
    return tmp_path


@pytest.fixture
def client(folder) -> TestClient:
    return TestClient(create_app(folder, language="en"), base_url="http://127.0.0.1")


def test_the_first_page_lists_plans_with_their_figures_in_either_language(client) -> None:
    page = client.get("/").text
    assert 'href="/map/plan"' in page
    assert "412" in page
    assert "100.0 %" in page
    assert "Open the map" in page
    assert "打开地图" in client.get("/?lang=zh").text
    assert "打开地图" in client.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).text
    assert "Open the map" in client.get("/?lang=en", headers={"Accept-Language": "zh-CN"}).text


def test_a_map_is_served_as_it_lies_in_the_folder(client) -> None:
    answer = client.get("/map/plan")
    assert answer.status_code == 200
    assert answer.text == "<!doctype html><title>map</title>"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_every_answer_forbids_sniffing_framing_and_outside_requests(client) -> None:
    for path in ("/", "/map/plan", "/healthz", "/nowhere", "/map/none"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]


def test_health_answers_get_and_head(client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.head("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/map/none", "/map/..%2Fplan", "/map/plan.html", "/map/%3Cimg%20src=x%3E"])
def test_an_unknown_map_is_a_problem_with_a_way_out(client, path) -> None:
    answer = client.get(path, headers={"Accept-Language": "zh"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] in ("map_unknown", "http_404")
    assert "plan" in answer.json()["detail"]


def test_other_methods_are_refused_as_problems(client) -> None:
    answer = client.post("/")
    assert answer.status_code == 405
    assert answer.json()["code"] == "http_405"


def test_a_strange_host_name_is_refused(folder) -> None:
    client = TestClient(create_app(folder), base_url="http://evil.example")
    assert client.get("/").status_code == 400


def test_a_damaged_plan_file_does_not_hide_the_map(folder) -> None:
    (folder / "plan.gpkg").write_bytes(b"")
    client = TestClient(create_app(folder), base_url="http://localhost")
    assert 'href="/map/plan"' in client.get("/").text


def test_a_folder_without_maps_is_refused_with_what_to_do(tmp_path, capsys) -> None:
    with pytest.raises(NotFound):
        create_app(tmp_path)
    assert main(["serve", "--folder", str(tmp_path), "--port", "0", "--lang", "en"]) == 2
    assert "gridwright demo" in capsys.readouterr().err


def test_a_taken_port_is_told_with_another_to_use(folder, capsys) -> None:
    with contextlib.closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Conflict):
            open_door("127.0.0.1", port)
        assert main(["serve", "--folder", str(folder), "--port", str(port), "--lang", "en"]) == 2
    err = capsys.readouterr().err
    assert f"Port {port} on 127.0.0.1 is taken" in err
    assert f"--port {port + 1}" in err


@pytest.mark.parametrize(
    ("host", "port", "code"),
    [("127.0.0.1", 70_000, "port_out_of_range"), ("192.0.2.7", 0, "host_unknown"), ("no such host", 0, "host_unknown")],
)
def test_an_impossible_address_is_told(host, port, code) -> None:
    with pytest.raises(InputError) as caught:
        open_door(host, port)
    assert caught.value.code == code


def test_serve_answers_on_a_free_port_and_ctrl_c_ends_it_cleanly(folder) -> None:
    command = [sys.executable, "-m", "api.cli", "serve", "--folder", str(folder), "--port", "0", "--lang", "en"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            address = next(word for word in line.split() if word.startswith("http://"))
            with urllib.request.urlopen(f"{address}/healthz", timeout=120) as answer:
                assert json.load(answer) == {"status": "ok"}
            with urllib.request.urlopen(f"{address}/map/plan", timeout=120) as answer:
                assert b"map" in answer.read()
            os.kill(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 0
    assert out.strip() == "Stopped."
    assert err == ""
