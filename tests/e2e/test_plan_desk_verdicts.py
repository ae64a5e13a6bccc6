"""The page's verdict on an edit is the service's: the same faults, pieces and sums, on towns of many kinds.

Edits are judged in the page and then asked of the service over HTTP, with and without locks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser

from api.usecases.plan_desk import Desk
from api.usecases.run_draw import run_draw
from data.sample import make_town
from data.store import SqlStore, open_store
from gis.graph import EdgeClass
from gis.territory import Territory
from partition.edits import Wish
from partition.rules import PRESETS, Rules
from tests.edit_kit import random_wish
from tests.plan_desk_kit import browser, migrated_file, open_desk
from tests.served import running
from tests.stores import act
from tests.towns import territory

__all__ = ["browser", "migrated_file"]

_JUDGE = """async (tries) => {
    const { desk } = await import('/desk/plan/plan_state.js');
    const { reload } = await import('/desk/plan/plan_load.js');
    await reload();
    const { plan, ground } = desk;
    return tries.map(({ body, locks }) => {
        const { faults, moves, effects } = plan.judge(body, locks);
        const code = (at) => (at >= 0 ? plan.grids[at].code : at === -1 ? '' : `+${-1 - at}`);
        return {
            faults: faults.map((one) => one.code).sort(),
            pieces: [...moves].map(([atom, to]) => [ground.ids[atom], code(plan.atomGrid[atom]), code(to)]).sort(),
            sums: effects.map((one) => one.after).filter((one) => one.pieces > 0).map((one) => one.households)
                .sort((a, b) => a - b),
        };
    });
}"""
_EXCLAVES = """
AABBCC..XXYY
AABBCC..XXYY
DDEEFF..ZZWW
DDEEFF..ZZWW
GGHHIIJJKKLL
GGHHIIJJKKLL
"""


def _town(name: str) -> tuple[Territory, Rules]:
    if name == "estates":
        return make_town(6_000, seed=1).territory, Rules()
    if name == "groups":
        return make_town(6_000, seed=2).territory, Rules(rural_mode="villager_group")
    if name == "banded":
        return make_town(6_000, seed=3).territory, Rules(rural_mode="banded", estate_cap=300)
    if name == "dedicated":
        return make_town(6_000, seed=4).territory, PRESETS["xiangtan"]
    homes = {"A": "1", "B": "1", "C": "1", "D": "1", "E": "1", "F": "1", "X": "1", "Y": "1", "Z": "1", "W": "1"}
    homes |= dict.fromkeys("GHIJKL", "2")
    return territory(
        _EXCLAVES,
        {"A": 90, "B": 140, "C": 60, "D": 120, "E": 0, "F": 110, "X": 80, "Y": 150, "Z": 120, "W": 90}
        | dict.fromkeys("GHIJKL", 130),
        communities={code: [one for one, home in homes.items() if home == code] for code in ("1", "2")},
        estates={"E1": ["A", "B"], "E2": ["G", "H"]},
    ), Rules()


@pytest.fixture
def store(migrated_file: Path, tmp_path: Path) -> Iterator[SqlStore]:
    path = tmp_path / "verdicts.db"
    path.write_bytes(migrated_file.read_bytes())
    opened_store = open_store(f"sqlite:///{path}")
    yield opened_store
    opened_store.close()


def _body(wish: Wish) -> dict[str, Any]:
    body: dict[str, Any] = {"kind": wish.kind}
    if wish.kind in ("move", "new"):
        body["atoms"] = list(wish.ground.atoms)
    if wish.kind in ("move", "dissolve", "split"):
        body["grid"] = wish.grid
    if wish.kind == "merge":
        body["grids"] = list(wish.grids)
    if wish.kind == "split":
        body["parts"] = [{"atoms": list(part.atoms)} for part in wish.parts]
    return body


@pytest.mark.parametrize("name", ["estates", "groups", "banded", "dedicated", "exclaves"])
def test_the_page_judges_edits_as_the_service_does(browser: Browser, store: SqlStore, name: str) -> None:
    land, rules = _town(name)
    filed = run_draw(land, rules, seed=1).filed
    with store.write(act("li")) as tx:
        kept = tx.territories.save(land, name)
        plan = str(tx.plans.save(filed, territory_id=kept.id, name=name).id)
    rng = np.random.default_rng(5)
    desk = Desk(store)
    place = desk.place(plan, "")
    if name == "exclaves":
        assert (place.ground.graph.edge_class == EdgeClass.EXCLAVE).any()
    made: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    with running(store) as address, open_desk(browser, address, plan) as page, httpx.Client(timeout=120) as client:
        path = f"{address}/v1/plans/{plan}"
        for turn in range(10):
            with store.read() as tx:
                sheet = desk.sheet(tx, tx.plans.card(plan), place)
            wishes = [random_wish(rng, place.ground, sheet) for _ in range(12)]
            locks = _some_locks(rng, place, sheet) if turn % 2 else []
            if locks:
                client.post(f"{path}/locks", json={"locks": locks}, headers=_tag(client, path)).raise_for_status()
            bodies = [_body(wish) for wish in wishes]
            verdicts = page.evaluate(_JUDGE, [{"body": body, "locks": locks} for body in bodies])
            for body, verdict in zip(bodies, verdicts, strict=True):
                answer = client.post(f"{path}/moves", json=body, headers=_tag(client, path))
                if answer.status_code == 201:
                    told = answer.json()
                    assert verdict["faults"] == [], (body, verdict)
                    _assert_same_pieces(verdict["pieces"], told["pieces"])
                    sums = sorted(row["households"] for row in told["grids"])
                    assert verdict["sums"] == sums, body
                    made[body["kind"]] += 1
                    client.post(f"{path}/undo", headers=_tag(client, path)).raise_for_status()
                else:
                    faults = sorted(one["code"] for one in answer.json()["faults"])
                    assert verdict["faults"] == faults, (body, locks, answer.text)
                    refused.update(faults)
            if locks:
                query = {"all": "true"}
                client.delete(f"{path}/locks", params=query, headers=_tag(client, path)).raise_for_status()
            _go_on(client, path, bodies, verdicts)
    assert made.total() >= 15, made
    assert refused.total() >= 20, refused


def _tag(client: httpx.Client, path: str) -> dict[str, str]:
    return {"If-Match": client.get(path).headers["etag"]}


def _assert_same_pieces(mine: list[list[str]], theirs: list[list[str]]) -> None:
    """New grids have no code in the page yet: each of them must be one of the service's."""
    new: dict[str, str] = {}
    assert len(mine) == len(theirs)
    for (piece, before, to), (other, was, now) in zip(sorted(mine), sorted(theirs), strict=True):
        assert (piece, before) == (other, was)
        assert (new.setdefault(to, now) if to.startswith("+") else to) == now
    assert len(set(new.values())) == len(new)


def _some_locks(rng: np.random.Generator, place: Any, sheet: Any) -> list[str]:
    graph = place.ground.graph
    codes = sorted(sheet.grids)
    edge = int(rng.integers(len(graph.edge_a)))
    ends = sorted({str(sheet.atom_code[graph.edge_a[edge]]), str(sheet.atom_code[graph.edge_b[edge]])})
    members = sorted(place.ground.atom_of)
    kind, name = members[int(rng.integers(len(members)))]
    found = [codes[int(rng.integers(len(codes)))], f"{kind}:{name}"]
    if len(ends) == 2:
        found.append(f"border:{ends[0]}+{ends[1]}")
    if len(graph.estate_ids):
        found.append(f"estate:{graph.estate_ids[int(rng.integers(len(graph.estate_ids)))]}")
    if rng.random() < 0.2:
        found.append(f"community:{graph.communities[int(rng.integers(len(graph.communities)))]}")
    return sorted(set(found))


def _go_on(client: httpx.Client, path: str, bodies: list[Any], verdicts: list[Any]) -> None:
    """Make one of the lawful edits for good, so that the next ones are tried on another plan."""
    for body, verdict in zip(bodies, verdicts, strict=True):
        if not verdict["faults"]:
            client.post(f"{path}/moves", json=body, headers=_tag(client, path)).raise_for_status()
            return
