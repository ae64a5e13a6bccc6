"""What OpenStreetMap tags mean in our columns: uses, levels, speeds, directions, barrier kinds, address texts.

Pure functions from the tags of one object to values; no geometry, no files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gis.readers.osm.scan import GATES, STREET_CLASSES, Tags

_BUILDING_USES: Mapping[str, str] = {
    value: use
    for use, values in {
        "residential": "residential terrace bungalow houseboat static_caravan block",
        "house": "house detached semidetached_house semi cabin farm villa",
        "apartments": "apartments dormitory",
        "mixed": "mixed_use mixed",
        "commercial": "commercial restaurant supermarket bank pub",
        "retail": "retail kiosk shop mall",
        "office": "office",
        "hotel": "hotel hostel guest_house",
        "industrial": "industrial factory manufacture works",
        "warehouse": "warehouse storage_tank silo hangar tank",
        "school": "school kindergarten university college preschool",
        "hospital": "hospital clinic retirement_home nursing_home",
        "government": "government civic public fire_station police townhall prison post_office embassy military",
        "religious": "church chapel cathedral mosque temple synagogue shrine monastery convent religious pagoda",
        "transport": "train_station station transportation railway bus_station underpass_entrance toll_booth",
        "farm_building": "barn stable farm_auxiliary cowshed sty greenhouse glasshouse greenhouse_horticulture "
        "livestock conservatory",
        "garage": "garage garages carport parking_garage parking",
        "shed": "shed hut roof shelter outbuilding tent gazebo pavilion entrance",
        "sport": "sports_centre sports_hall stadium grandstand riding_hall",
        "culture": "museum theatre cinema library castle tower",
        "utility": "service utility electricity transformer_tower water_tower bunker toilets digester ship bridge",
        "construction": "construction ruins collapsed abandoned",
    }.items()
    for value in values.split()
}
_AMENITY_USES: Mapping[str, str] = {
    value: use
    for use, values in {
        "school": "school kindergarten university college childcare preschool language_school music_school",
        "hospital": "hospital clinic nursing_home",
        "government": "townhall police fire_station public_building courthouse prison post_office embassy",
        "religious": "place_of_worship monastery",
        "garage": "parking parking_space",
        "transport": "bus_station ferry_terminal",
        "culture": "library theatre cinema arts_centre community_centre museum casino concert_hall events_venue",
        "market": "marketplace",
        "utility": "toilets shelter recycling fuel car_wash",
    }.items()
    for value in values.split()
}
_ZONE_USES = {
    "residential": "residential",
    "industrial": "industrial",
    "commercial": "commercial",
    "retail": "retail",
    "farmyard": "farm_building",
    "railway": "transport",
    "military": "government",
    "greenhouse_horticulture": "farm_building",
    "cemetery": "religious",
    "religious": "religious",
    "allotments": "shed",
    "construction": "construction",
    "quarry": "industrial",
    "landfill": "utility",
}
_WINDS = "N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW"
_COMPASS = {name: step * 22.5 for step, name in enumerate(_WINDS.split())}
_CJK = re.compile("[\u3400-\u9fff]")
_NUMBER = re.compile(r"^\s*(\d+(?:[.,]\d+)?)\s*(mph|km/h|kmh|kph|m|ft|')?\s*$")
_LEVELS_MAX = 200


def building_use(tags: Tags) -> str | None:
    """Use of a building, ``None`` where the tags leave it open (``building=yes``)."""
    value = tags["building"].strip().lower().split(";")[0]
    if value in _BUILDING_USES:
        return _BUILDING_USES[value]
    for key in ("building:use", "amenity"):
        said = tags.get(key, "").strip().lower().split(";")[0]
        if said:
            found = _AMENITY_USES.get(said) or (_BUILDING_USES.get(said) if key == "building:use" else None)
            if found:
                return found
    if tags.get("tourism") in ("hotel", "hostel", "guest_house", "museum"):
        return "culture" if tags["tourism"] == "museum" else "hotel"
    if tags.get("historic") in ("castle", "fort", "manor", "ruins", "monument", "memorial", "tower"):
        return "culture"
    if "aeroway" in tags or "railway" in tags or tags.get("public_transport") == "station":
        return "transport"
    if "office" in tags:
        return "government" if tags["office"] == "government" else "office"
    if tags.get("leisure") in ("sports_centre", "stadium", "sports_hall", "swimming_pool"):
        return "sport"
    if "power" in tags or tags.get("man_made") in ("works", "water_works", "wastewater_plant"):
        return "utility" if "power" in tags else "industrial"
    if tags.get("shop", "no") not in ("no", "vacant"):
        # A shop tag on the whole footprint: usually the ground floor of a house with flats above.
        return "mixed"
    return None


def zone_use(tags: Tags) -> str | None:
    """Use that an area lends to the buildings in it that say nothing themselves."""
    amenity = _AMENITY_USES.get(tags.get("amenity", ""))
    if amenity in ("school", "hospital", "market"):
        return amenity
    return _ZONE_USES.get(tags.get("landuse", ""))


def whole_number(text: str | None, most: int) -> int | None:
    """A count between 0 and ``most``; halves go up (2.5 levels are 3); anything else is ``None``."""
    match = re.match(r"^\s*(\d{1,6})(?:[.,](\d+))?\s*$", text or "")
    if not match:
        return None
    value = int(match[1]) + (1 if match[2] and int(match[2][0]) >= 5 else 0)
    return value if value <= most else None


def levels(tags: Tags) -> int | None:
    """Storeys above ground, at least 1; from ``building:levels``, else from ``height`` at 3.2 m a storey."""
    said = whole_number(tags.get("building:levels"), _LEVELS_MAX)
    if said is not None:
        return max(said, 1)
    height = metres(tags.get("height"))
    if height is not None and 2 <= height <= 600:
        return max(round(height / 3.2), 1)
    return None


def metres(text: str | None) -> float | None:
    """A length such as ``12``, ``12.5 m`` or ``40 ft``."""
    match = _NUMBER.match(text or "")
    if not match or match[2] in ("mph", "km/h", "kmh", "kph"):
        return None
    value = float(match[1].replace(",", "."))
    return value * 0.3048 if match[2] in ("ft", "'") else value


def speed_kmh(text: str | None) -> float | None:
    """A speed limit such as ``50``, ``30 mph`` or ``walk``; ``None`` for words that depend on the country."""
    if text == "walk":
        return 7.0
    match = _NUMBER.match(text or "")
    if not match or match[2] in ("m", "ft", "'"):
        return None
    value = float(match[1].replace(",", "."))
    value = value * 1.609344 if match[2] == "mph" else value
    return round(value, 1) if 0 < value <= 200 else None


def oneway(tags: Tags) -> str:
    """``yes`` along the line, ``-1`` against it, else ``no``."""
    said = tags.get("oneway", "")
    if said in ("yes", "true", "1"):
        return "yes"
    if said in ("-1", "reverse"):
        return "-1"
    if not said and (tags.get("junction") in ("roundabout", "circular") or tags.get("highway") == "motorway"):
        return "yes"
    return "no"


def foot(tags: Tags) -> str:
    """Whether people on foot may pass: ``yes``, ``private`` or ``no``."""
    said = tags.get("foot", "")
    if said in ("yes", "designated", "permissive", "official", "destination"):
        return "yes"
    if said in ("no", "private", "use_sidepath"):
        return "private" if said == "private" else "no"
    if tags.get("highway") in ("motorway", "motorway_link") or tags.get("motorroad") == "yes":
        return "no"
    access = tags.get("access", "")
    if access in ("private", "no"):
        return access
    return "yes"


def heading_deg(tags: Tags) -> float | None:
    """Direction a camera looks, degrees clockwise from north; the middle of a range such as ``90-180``."""
    said = tags.get("camera:direction") or tags.get("direction") or ""
    parts = [_bearing(part) for part in said.split(";")[0].split("-") if part.strip()]
    if not parts or len(parts) > 2 or any(part is None for part in parts):
        return None
    first = float(parts[0] or 0.0)
    turn = (float(parts[-1] or 0.0) - first) % 360
    return round((first + turn / 2) % 360, 1)


def _bearing(text: str) -> float | None:
    text = text.strip().upper()
    if text in _COMPASS:
        return _COMPASS[text]
    match = re.match(r"^(\d{1,3}(?:\.\d+)?)°?$", text)
    return float(match[1]) % 360 if match and float(match[1]) <= 360 else None


def is_street(tags: Tags) -> bool:
    """Whether a line is a street on the ground: no area, nothing indoors."""
    return (
        tags.get("highway") in STREET_CLASSES
        and tags.get("area") != "yes"
        and tags.get("indoor") not in ("yes", "room", "corridor")
    )


def is_underground(tags: Tags) -> bool:
    """Whether an object runs under the ground (a passage through a building does not)."""
    return tags.get("tunnel", "no") not in ("no", "building_passage") or tags.get("location") == "underground"


def barrier_kind(tags: Tags) -> str | None:
    """Kind of barrier a line is, ``None`` when it is none: tunnels and bridges can be crossed."""
    if is_underground(tags) or tags.get("covered") == "yes" or tags.get("bridge", "no") != "no":
        return None
    if tags.get("waterway") in ("river", "canal"):
        return "river"
    if tags.get("natural") == "coastline":
        return "water"
    if tags.get("railway") in ("rail", "light_rail", "narrow_gauge", "subway", "monorail"):
        # Sidings and yards lie beside the line that already divides; alone they only make slivers.
        return None if tags.get("service") in ("yard", "siding", "crossover") else "railway"
    if tags.get("highway") == "motorway" or (tags.get("highway") == "trunk" and tags.get("motorroad") == "yes"):
        return "motorway"
    if tags.get("barrier") in ("wall", "fence", "city_wall", "hedge"):
        return "wall"
    return None


def is_water(tags: Tags) -> bool:
    """Whether an area is open water."""
    if tags.get("intermittent") == "yes" or is_underground(tags) or tags.get("covered") == "yes":
        return False
    if tags.get("water") in ("wastewater", "fountain", "pool"):
        return False
    return tags.get("natural") == "water" or tags.get("waterway") == "riverbank" or tags.get("landuse") == "reservoir"


def is_gate(tags: Tags) -> bool:
    """Whether a node is a gate or an opening in a wall."""
    return tags.get("barrier") in GATES


def has_cjk(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return bool(_CJK.search(text))


def house_numbers(tags: Tags) -> list[str]:
    """House numbers of one object; ``12;14`` and ``12,14`` are two, ``12-16`` stays one."""
    parts = [part.strip() for part in re.split(r"[;,]", tags.get("addr:housenumber", ""))]
    return list(dict.fromkeys(part for part in parts if part))


def address_text(tags: Tags, street: str, number: str, city: str) -> str:
    """One line of address: Chinese order where it is Chinese, else ``street number, postcode city``."""
    if street and has_cjk(street):
        places = [tags.get(key, "") for key in ("addr:province", "addr:city", "addr:district", "addr:subdistrict")]
        if not tags.get("addr:city"):
            places[1] = city if has_cjk(city) else ""
        suffix = "号" if re.fullmatch(r"[A-Za-z]?\d+[A-Za-z]?(-\d+)?", number) else ""
        name = tags.get("addr:housename", "")
        return "".join(places) + street + number + suffix + (name if has_cjk(name) else "")
    if not street and not number:
        return tags.get("addr:full", "")
    head = " ".join(part for part in (street, number) if part)
    tail = " ".join(part for part in (tags.get("addr:postcode", ""), city) if part)
    return ", ".join(part for part in (head, tail) if part)
