"""Extracts made by hand: what becomes a layer, what is left out, and that it is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import osmium
import pytest
import shapely
from pyproj import Transformer

from gis.errors import InputError
from gis.layers import LAYERS
from gis.readers.osm import OsmOptions, read_osm
from gis.report import QualityReport
from gis.territory import Territory

_BACK = Transformer.from_crs(32632, 4326, always_xy=True)


class Map:
    """Writes a small map: places in metres from a corner near Vaduz."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.ways: list[Any] = []
        self.relations: list[Any] = []
        self._at: dict[tuple[float, float], int] = {}

    def node(self, x_m: float, y_m: float, **tags: str) -> int:
        if (x_m, y_m) in self._at and not tags:
            return self._at[x_m, y_m]
        lon, lat = _BACK.transform(540_000 + x_m, 5_220_000 + y_m)
        number = len(self.nodes) + 1
        self._at[x_m, y_m] = number
        self.nodes.append(osmium.osm.mutable.Node(id=number, location=(lon, lat), tags=_keys(tags), version=1))
        return number

    def way(self, places: list[tuple[float, float]], **tags: str) -> int:
        number = 1000 + len(self.ways)
        refs = [self.node(*place) for place in places]
        self.ways.append(osmium.osm.mutable.Way(id=number, nodes=refs, tags=_keys(tags), version=1))
        return number

    def box(self, x: float, y: float, width: float, height: float, **tags: str) -> int:
        return self.way([(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)], **tags)

    def relation(self, members: list[tuple[str, int, str]], **tags: str) -> int:
        number = 5000 + len(self.relations)
        self.relations.append(osmium.osm.mutable.Relation(id=number, members=members, tags=_keys(tags), version=1))
        return number

    def write(self, path: Path) -> Path:
        with osmium.SimpleWriter(str(path), overwrite=True) as writer:
            for node in self.nodes:
                writer.add_node(node)
            for way in self.ways:
                writer.add_way(way)
            for relation in self.relations:
                writer.add_relation(relation)
        return path


def _keys(tags: dict[str, str]) -> dict[str, str]:
    return {key.replace("__", ":"): value for key, value in tags.items()}


def two_communities(town: Map, level: str = "8") -> None:
    """West (0-500) and East (500-1000), sharing one border way, with a building each."""
    shared = town.way([(500, 0), (500, 600)])
    west = town.way([(500, 600), (0, 600), (0, 0), (500, 0)])
    east = town.way([(500, 0), (1000, 0), (1000, 600), (500, 600)])
    for name, own in (("West", west), ("East", east)):
        town.relation(
            [("w", own, "outer"), ("w", shared, "outer")],
            type="boundary", boundary="administrative", admin_level=level, name=name, ref=name[0],
        )  # fmt: skip
    town.box(100, 100, 20, 15, building="yes", building__levels="4")
    town.box(700, 100, 20, 15, building="house")


@pytest.fixture
def town() -> Map:
    return Map()


def codes(report: QualityReport) -> list[str]:
    return [remark.code for remark in report.remarks]


def remark(report: QualityReport, code: str) -> Any:
    return next(r for r in report.remarks if r.code == code)


def test_every_layer_has_the_columns_of_the_schema(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    town.way([(0, 50), (1000, 50)], highway="residential", name="Long Street", maxspeed="30")
    town.way([(0, 300), (1000, 300)], railway="rail")
    town.box(200, 200, 100, 80, amenity="school", name="School")
    town.node(710, 105, addr__housenumber="1", addr__street="Long Street")
    town.node(10, 10, man_made="surveillance", camera__type="dome", camera__direction="E")
    town.node(20, 20, amenity="police", name="Post")
    town.node(30, 30, barrier="gate")
    layers = read_osm(town.write(tmp_path / "a.osm.pbf"))
    assert set(layers) == {
        "communities", "buildings", "addresses", "streets", "barriers", "estates", "posts", "cameras", "key_places"
    }  # fmt: skip
    for name, table in layers.items():
        required = {column for column, kind in LAYERS[name].columns.items() if kind.required}
        assert required <= set(table.columns), name
        assert table.crs.to_epsg() == 4326
    territory = Territory.of({name: table.drop(columns="dwellings", errors="ignore") for name, table in layers.items()})
    assert territory["buildings"]["community"].tolist() == ["W", "E"]
    assert territory["cameras"]["heading_deg"].tolist() == [90.0]
    assert territory["streets"]["speed_kmh"].tolist() == [30.0]


def test_coordinates_come_back_as_the_map_has_them(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    path = town.write(tmp_path / "a.osm.pbf")
    stored = {
        (node.location.lon, node.location.lat) for node in osmium.FileProcessor(str(path)) if node.is_node()
    }  # fmt: skip
    for table in read_osm(path).values():
        assert {tuple(xy) for xy in shapely.get_coordinates(table.geometry.array)} <= stored


def test_communities_of_an_extract_are_an_exact_cover(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    report = QualityReport()
    communities = read_osm(town.write(tmp_path / "a.osm.pbf"), report=report)["communities"]
    assert communities["code"].tolist() == ["E", "W"]
    assert communities["kind"].tolist() == ["urban", "urban"]
    assert shapely.coverage_is_valid(communities.geometry.array, gap_width=1e-9)
    assert remark(report, "note_osm_admin_level").facts == {"level": 8, "measured": 1.0}


def test_the_finest_level_that_holds_the_buildings_is_taken(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    ring = town.way([(-5, -5), (1005, -5), (1005, 605), (-5, 605), (-5, -5)])
    town.relation([("w", ring, "outer")], type="boundary", boundary="administrative", admin_level="6", name="County")
    part = town.way([(0, 0), (50, 0), (50, 50), (0, 50), (0, 0)])
    town.relation([("w", part, "outer")], type="boundary", boundary="administrative", admin_level="10", name="Corner")
    path = town.write(tmp_path / "a.osm.pbf")
    found = read_osm(path)["communities"]
    assert found["name"].tolist() == ["East", "West"]
    assert found["town"].tolist() == ["County", "County"]
    assert read_osm(path, OsmOptions(community_admin_level=6))["communities"]["name"].tolist() == ["County"]
    with pytest.raises(InputError, match="osm_admin_level_absent"):
        read_osm(path, OsmOptions(community_admin_level=9))


def test_a_boundary_cut_open_by_the_extract_is_closed_and_grown_over_its_buildings(town: Map, tmp_path: Path) -> None:
    shared = town.way([(500, 0), (500, 600)])
    west = town.way([(500, 600), (0, 600), (0, 0), (500, 0)])
    # The eastern border itself is missing: the ring is open from (1000, 0) to (1000, 600).
    east = town.way([(1000, 600), (500, 600)])
    south = town.way([(500, 0), (1000, 0)])
    for name, own in (("West", [west]), ("East", [east, south])):
        town.relation(
            [("w", way, "outer") for way in [*own, shared]] + ([("w", 9999, "outer")] if name == "East" else []),
            type="boundary", boundary="administrative", admin_level="10", name=name, ref=name[0],
        )  # fmt: skip
    for x in (100, 200, 700, 800):
        town.box(x, 100, 20, 15, building="yes")
    town.box(1020, 300, 20, 15, building="yes")
    report = QualityReport()
    layers = read_osm(town.write(tmp_path / "a.osm.pbf"), report=report)
    assert layers["communities"]["code"].tolist() == ["E", "W"]
    assert remark(report, "repair_osm_boundary_closed").facts["measured"] == pytest.approx(600, abs=1)
    assert remark(report, "repair_osm_boundary_grown").facts["measured"] == 1
    assert layers["buildings"]["community"].value_counts().to_dict() == {"E": 3, "W": 2}


def test_buildings_outside_every_community_are_listed_and_left_out(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    for k in range(40):
        town.box(20 + 8 * k, 400, 6, 6, building="yes")
    far = town.box(1300, 100, 20, 20, building="yes")
    report = QualityReport()
    buildings = read_osm(town.write(tmp_path / "a.osm.pbf"), report=report)["buildings"]
    assert f"w{far}" not in set(buildings["id"])
    told = remark(report, "warn_osm_buildings_outside")
    assert (told.id, told.before, told.after) == (f"w{far}", 43, 42)


def test_a_village_of_housing_is_no_estate_but_a_walled_compound_is(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    village = town.box(50, 60, 400, 200, landuse="residential")
    compound = town.box(600, 60, 150, 150, landuse="residential", name="Rose Court")
    town.box(600, 60, 150, 150, barrier="wall")
    private = town.box(800, 300, 100, 100, landuse="residential", access="private")
    settlement = town.box(800, 450, 100, 100, landuse="residential", name="Oldham")
    town.node(850, 500, place="hamlet", name="Oldham")
    crossed = town.box(100, 300, 300, 100, landuse="industrial", name="Works")
    town.way([(0, 350), (450, 350)], highway="tertiary")
    garden = town.box(900, 60, 60, 60, landuse="residential", access="private")
    town.box(910, 70, 15, 15, building="house")
    for x, y in ((620, 80), (660, 80), (680, 80), (820, 470), (850, 470), (870, 470)):
        town.box(x, y, 12, 12, building="apartments")
    town.box(820, 320, 50, 40, building="apartments")
    report = QualityReport()
    estates = read_osm(town.write(tmp_path / "a.osm.pbf"), report=report)["estates"].set_index("id")
    assert set(estates.index) == {f"w{compound}", f"w{private}"}
    assert estates.loc[f"w{compound}", "dedicated"] is True or bool(estates.loc[f"w{compound}", "dedicated"])
    assert not {f"w{village}", f"w{settlement}", f"w{crossed}", f"w{garden}"} & set(estates.index)
    assert {r.facts["kind"] for r in report.remarks if r.code == "note_osm_estates"} == {"estate", "industrial"}


def test_a_school_is_an_estate_but_not_dedicated_by_itself(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    town.box(200, 200, 100, 80, amenity="school", name="School")
    estates = read_osm(town.write(tmp_path / "a.osm.pbf"))["estates"]
    assert estates["kind"].tolist() == ["school"]
    assert estates["dedicated"].isna().all()


def test_overlapping_estates_are_cut_at_the_larger_one(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    town.box(100, 200, 200, 200, leisure="park", name="Park")
    town.box(260, 200, 100, 100, amenity="school", name="School")
    town.box(110, 210, 50, 50, amenity="kindergarten", name="Inside")
    report = QualityReport()
    estates = read_osm(town.write(tmp_path / "a.osm.pbf"), report=report)["estates"].to_crs(32632)
    assert sorted(estates["name"]) == ["Park", "School"]
    a, b = estates.geometry.array
    assert a.intersection(b).area < 1.0
    assert estates.set_index("name").area["School"] == pytest.approx(6000, rel=0.01)
    assert [r.after for r in report.remarks if r.code == "repair_osm_estates_overlap"] == [
        pytest.approx(6000, rel=0.01),
        0.0,
    ]


def test_tunnels_yards_platforms_and_short_walls_are_left_out(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    kept = town.way([(0, 10), (400, 10)], highway="residential")
    passage = town.way([(0, 30), (40, 30)], highway="footway", tunnel="yes")
    town.way([(0, 50), (400, 50)], highway="primary", tunnel="yes")
    town.way([(0, 70), (400, 70)], highway="proposed")
    town.way([(0, 80), (400, 80)], highway="platform")
    town.box(300, 300, 30, 30, highway="pedestrian", area="yes")
    round_about = town.box(400, 300, 30, 30, highway="tertiary", junction="roundabout")
    rail = town.way([(0, 90), (400, 90)], railway="rail")
    town.way([(0, 100), (400, 100)], railway="rail", bridge="yes")
    town.way([(0, 120), (20, 120)], barrier="fence")
    lake = town.box(600, 400, 50, 50, natural="water")
    town.box(700, 400, 10, 10, natural="water")
    layers = read_osm(town.write(tmp_path / "a.osm.pbf"))
    assert set(layers["streets"]["id"]) == {f"w{kept}", f"w{passage}", f"w{round_about}"}
    assert dict(zip(layers["barriers"]["id"], layers["barriers"]["kind"])) == {
        f"w{rail}": "railway",
        f"w{lake}": "water",
    }


def test_addresses_sit_on_nodes_and_buildings_and_know_their_building(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    house = town.box(200, 200, 20, 20, building="yes", addr__housenumber="7;9", addr__street="Elm Street")
    inside = town.node(
        110, 105, addr__housenumber="3", addr__street="Elm Street", addr__city="Town", addr__postcode="12"
    )
    door = town.node(222, 210, addr__housenumber="7A", addr__street="Elm Street")
    alone = town.node(300, 300, addr__housenumber="5")
    member = town.node(320, 320, addr__housenumber="6")
    town.relation([("n", member, "house")], type="associatedStreet", name="Oak Lane")
    layers = read_osm(town.write(tmp_path / "a.osm.pbf"))
    found = layers["addresses"].set_index("id")
    assert found.loc[f"w{house}", "text"] == "Elm Street 7, West"
    assert found.loc[f"w{house}#2", "text"] == "Elm Street 9, West"
    assert found.loc[f"w{house}#2", "building_id"] == f"w{house}"
    assert found.loc[f"n{inside}", "text"] == "Elm Street 3, 12 Town"
    assert found.loc[f"n{inside}", "building_id"] == layers["buildings"]["id"].iloc[0]
    assert found.loc[f"n{door}", "building_id"] == f"w{house}"
    assert found.loc[f"n{member}", "street"] == "Oak Lane"
    assert found["building_id"].isna()[f"n{alone}"]


def test_a_building_takes_the_use_of_the_smallest_area_it_stands_in(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    town.box(40, 40, 400, 400, landuse="residential")
    town.box(180, 180, 100, 100, landuse="industrial")
    town.box(200, 200, 40, 40, building="yes", building__flats="12")
    buildings = read_osm(town.write(tmp_path / "a.osm.pbf"))["buildings"]
    assert buildings["use"].tolist() == ["residential", "house", "industrial"]
    assert buildings["dwellings"].tolist()[2] == 12
    assert buildings["households"].isna().all()


def test_a_footprint_inside_another_is_not_counted_twice(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    town.box(200, 200, 40, 40, building="yes")
    inner = town.box(210, 210, 10, 10, building="roof")
    report = QualityReport()
    buildings = read_osm(town.write(tmp_path / "a.osm.pbf"), report=report)["buildings"]
    assert f"w{inner}" not in set(buildings["id"])
    assert remark(report, "repair_osm_double_buildings").id == f"w{inner}"


def test_broken_objects_are_counted_and_reported_never_fatal(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    open_ring = town.way([(300, 100), (320, 100), (320, 120)], building="yes")
    town.ways.append(
        osmium.osm.mutable.Way(id=2000, nodes=[777_777, 777_778], tags={"highway": "residential"}, version=1)
    )
    town.ways.append(
        osmium.osm.mutable.Way(
            id=2001, nodes=[town.node(0, 5), town.node(90, 5), 777_777], tags={"highway": "residential"}, version=1
        )
    )
    outer = town.way([(400, 400), (420, 400), (420, 420)])
    broken = town.relation([("w", outer, "outer")], type="multipolygon", building="yes")
    town.nodes.sort(key=lambda node: node.id)
    town.ways.sort(key=lambda way: way.id)
    report = QualityReport()
    layers = read_osm(town.write(tmp_path / "a.osm.pbf"), report=report)
    told = {r.layer: r.id for r in report.remarks if r.code == "warn_osm_geometry_broken"}
    assert told == {"building": f"r{broken}, w{open_ring}", "highway": "w2000"}
    assert report.counts["osm_broken"] == 3
    assert remark(report, "repair_osm_lines_shortened").id == "w2001"
    assert layers["streets"]["id"].tolist() == ["w2001"]


def test_a_map_without_boundaries_has_no_communities_unless_asked(town: Map, tmp_path: Path) -> None:
    town.box(100, 100, 20, 20, building="yes")
    town.box(300, 300, 20, 20, building="yes")
    town.box(100, 300, 20, 20, building="yes")
    path = town.write(tmp_path / "a.osm.pbf")
    assert "communities" not in read_osm(path)
    report = QualityReport()
    layers = read_osm(path, OsmOptions(extent_community=True), report)
    assert layers["communities"]["code"].tolist() == ["extent"]
    assert "note_osm_extent_community" in codes(report)
    assert len(layers["buildings"]) == 3


def test_reading_twice_gives_the_same_rows_in_the_same_order(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    town.box(200, 200, 100, 80, amenity="school", name="School")
    path = town.write(tmp_path / "a.osm.pbf")
    first, second = read_osm(path), read_osm(path)
    for name in first:
        assert first[name].to_json() == second[name].to_json()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "osm_file_missing"),
        (b"", "osm_file_empty"),
        (b"this is not a map at all, but some text that goes on for a while", "osm_file_unreadable"),
        (b"<osm version='0.6'><node id='1' lat='0' lon='0'/></osm>", "osm_file_unreadable"),
    ],
)
def test_a_file_that_is_no_map_is_refused(tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "bad.osm.pbf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read_osm(path)
    assert error.value.code == code
    assert error.value.facts["file"] == "bad.osm.pbf"


def test_a_file_cut_off_in_the_middle_is_refused(town: Map, tmp_path: Path) -> None:
    two_communities(town)
    whole = town.write(tmp_path / "a.osm.pbf").read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(InputError, match="osm_file_unreadable"):
        read_osm(path)


def test_an_address_of_the_web_is_not_fetched() -> None:
    with pytest.raises(InputError, match="osm_file_missing"):
        read_osm(Path("http://127.0.0.1:9/a.osm.pbf"))


def test_a_map_of_nothing_we_use_is_refused(town: Map, tmp_path: Path) -> None:
    town.node(0, 0, natural="tree")
    with pytest.raises(InputError, match="osm_file_without_objects"):
        read_osm(town.write(tmp_path / "a.osm.pbf"))
