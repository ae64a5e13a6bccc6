"""A territory where some communities come in ready-made units and others do not: estates are looked at in both."""

from __future__ import annotations

from partition.checks import verify
from tests.plan_kit import drawn_town
from tests.plan_spoil_kit import codes_of, ground_of, with_cut_estate


def test_an_estate_cut_in_a_community_without_units_is_found_beside_communities_with_units() -> None:
    town = drawn_town()
    assert len(town.territory["units"])
    ground = ground_of(town.territory, town.rules)
    codes = codes_of(town.filed, town.territory, ground)
    graph = ground.graph
    standard = set(town.filed.grids["code"][town.filed.grids["kind"] == "standard"])
    estate = next(a for a in range(graph.n_atoms) if graph.estate_index[a] >= 0 and codes[a] in standard)
    mine = graph.communities[graph.community_index[estate]]
    assert mine not in set(town.territory["units"]["community"])
    taker = next(code for code in sorted(standard) if code != codes[estate] and code.startswith(mine))
    spoilt = with_cut_estate(town.filed, ground, estate, taker)
    assert not verify(town.filed, town.territory, town.rules).faults
    found = [fault for fault in verify(spoilt, town.territory, town.rules).faults if fault.code == "check_estate_cut"]
    assert [fault.facts["id"] for fault in found] == [graph.estate_ids[int(graph.estate_index[estate])]]
    assert set(str(found[0].facts["measured"]).split(", ")) == {str(codes[estate]), taker}
