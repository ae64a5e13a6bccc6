"""Common Alerting Protocol 1.2: an alert out of XML, and an incident as an alert.

Only what an incident holds is read: what, where, when, how urgent, and which message it belongs to.  Names of senders,
contacts and descriptions are passed over and kept nowhere.  The parser refuses document types and entities, so a
message can neither grow in memory nor open a file.  Coordinates of CAP are ``latitude,longitude``.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, tostring

import shapely
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from data.store.rooms.incident_cards import IncidentCard
from gis.errors import InputError

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MOST_BYTES = 1024 * 1024
STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
MESSAGES = ("Alert", "Update", "Cancel", "Ack", "Error")
URGENCIES = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")
_PAIR = re.compile(r"([+-]?\d{1,3}(?:\.\d{1,15})?),([+-]?\d{1,3}(?:\.\d{1,15})?)")
_RADIUS = re.compile(r"\d{1,6}(\.\d{1,9})?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
_IDENTIFIER = re.compile(r"[^\s,<&]{1,120}")
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_URGENCY_OF = {1: ("Immediate", "Severe"), 2: ("Expected", "Severe"), 3: ("Expected", "Moderate")}
_CATEGORIES: Sequence[tuple[str, Sequence[str]]] = (
    ("Fire", ("火", "消防", "fire")),
    ("Transport", ("道路", "交通", "停车", "车", "traffic", "road", "vehicle", "collision")),
    ("Security", ("治安", "盗", "斗殴", "纠纷", "theft", "fight", "dispute")),
    ("Health", ("医", "疫", "health")),
    ("Env", ("环境", "噪声", "污染", "noise", "pollution")),
    ("Infra", ("设施", "管", "电", "水", "damage", "leak")),
)


@dataclass(frozen=True, slots=True)
class CapMessage:
    """What is kept of a message.

    Attributes
    ----------
    status, message
        ``Actual``, ``Exercise`` ...; ``Alert``, ``Update``, ``Cancel`` ...
    external
        What it is known by: its identifier and a mark of its sender, because two senders may number alike.
    references
        The messages before it, by what they are known by.
    kind, title, address
        Event, headline and description of the area; empty where the message has none.
    priority
        1 to 3, from urgency and severity.
    lon, lat
        Of the first circle's middle, else inside the first polygon; none without an area.
    """

    identifier: str
    external: str
    sent: datetime
    status: str
    message: str
    references: tuple[str, ...]
    kind: str
    title: str
    address: str
    priority: int
    lon: float | None
    lat: float | None


def read_cap(body: bytes) -> CapMessage:
    """Read a message.

    Raises
    ------
    InputError
        ``cap_too_large``, ``cap_not_xml``, ``cap_entities``, ``cap_not_cap``, ``cap_element_missing``,
        ``cap_element_wrong``, ``cap_area_wrong``.
    """
    if len(body) > MOST_BYTES:
        raise InputError("cap_too_large", measured=len(body), allowed=MOST_BYTES)
    try:
        root = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise InputError("cap_entities") from None
    except (ParseError, ValueError, LookupError) as error:
        raise InputError("cap_not_xml", measured=str(error)[:120]) from None
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise InputError("cap_not_cap", measured=str(root.tag)[:120], allowed=NAMESPACE)
    identifier = _text(root, "identifier")
    if not _IDENTIFIER.fullmatch(identifier):
        raise InputError("cap_element_wrong", column="identifier", measured=identifier[:80], allowed="A-Z 0-9 . - :")
    status = _choice(root, "status", STATUSES)
    message = _choice(root, "msgType", MESSAGES)
    sender = _text(root, "sender")
    info = root.find(_name("info"))
    if info is None and message in ("Alert", "Update"):
        raise InputError("cap_element_missing", column="info")
    urgency = "Unknown" if info is None else _choice(info, "urgency", URGENCIES)
    severity = "Unknown" if info is None else _choice(info, "severity", SEVERITIES)
    place = None if info is None else _place(info)
    area = None if info is None else info.find(_name("area"))
    return CapMessage(
        identifier,
        external_of(sender, identifier),
        _moment(_text(root, "sent")),
        status,
        message,
        tuple(_references(_text(root, "references", is_needed=False))),
        "" if info is None else _text(info, "event"),
        "" if info is None else _text(info, "headline", is_needed=False),
        "" if area is None else _text(area, "areaDesc"),
        priority_of(urgency, severity),
        None if place is None else place[0],
        None if place is None else place[1],
    )


def external_of(sender: str, identifier: str) -> str:
    """What a message is known by.  Senders, who may be persons, are kept nowhere but in this mark."""
    return f"{identifier}~{hashlib.sha256(sender.encode()).hexdigest()[:8]}"


def priority_of(urgency: str, severity: str) -> int:
    """1 urgent, 2 pressing, 3 ordinary."""
    is_grave = severity in ("Extreme", "Severe")
    if severity == "Extreme" or (is_grave and urgency == "Immediate"):
        return 1
    return 2 if is_grave or urgency == "Immediate" else 3


def identifier_of(card: IncidentCard, revision: int | None = None) -> str:
    """Identifier of the message that tells an incident as it was at a revision."""
    return f"gridwright.{card.county}.{card.id}-{card.revision if revision is None else revision}"


def write_cap(card: IncidentCard, language: str = "zh-CN") -> bytes:
    """An incident as a message: an alert when it is new, else an update or a cancellation of that alert."""
    sender = f"gridwright.{card.county}"
    message = "Alert" if card.revision == 1 else "Cancel" if card.state == "cancelled" else "Update"
    root = Element("alert", {"xmlns": NAMESPACE})
    head = [("identifier", identifier_of(card)), ("sender", sender), ("sent", _said(card.changed_at))]
    head += [("status", "Actual"), ("msgType", message), ("scope", "Restricted"), ("restriction", "internal use")]
    if message != "Alert":
        head.append(("references", f"{sender},{identifier_of(card, 1)},{_said(card.recorded_at)}"))
    head.append(("incidents", card.id))
    _add(root, head)
    info = SubElement(root, "info")
    urgency, severity = _URGENCY_OF[card.priority]
    told = [("language", language), ("category", category_of(card.kind)), ("event", card.kind)]
    told += [("urgency", urgency), ("severity", severity), ("certainty", "Observed")]
    told.append(("onset", _said(card.received_at)))
    if card.title:
        told.append(("headline", card.title))
    _add(info, told)
    for name, value in (("state", card.state), ("priority", str(card.priority)), ("due_at", _said(card.due_at))):
        _add(SubElement(info, "parameter"), [("valueName", name), ("value", value)])
    area = SubElement(info, "area")
    _add(area, [("areaDesc", card.address or card.grid or card.community or card.county)])
    _add(area, [("circle", f"{card.lat:.7f},{card.lon:.7f} 0")])
    for name, code in (("community", card.community), ("grid", card.grid)):
        if code:
            _add(SubElement(area, "geocode"), [("valueName", name), ("value", code)])
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def category_of(kind: str) -> str:
    """CAP's category of a kind of incident."""
    plain = kind.lower()
    return next((name for name, words in _CATEGORIES if any(word in plain for word in words)), "Other")


def _name(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"


def _text(parent: Element, tag: str, *, is_needed: bool = True) -> str:
    found = parent.find(_name(tag))
    text = " ".join((found.text or "").split()) if found is not None else ""
    if is_needed and not text:
        raise InputError("cap_element_missing", column=tag)
    return text


def _choice(parent: Element, tag: str, allowed: Sequence[str]) -> str:
    text = _text(parent, tag)
    if text not in allowed:
        raise InputError("cap_element_wrong", column=tag, measured=text[:80], allowed=", ".join(allowed))
    return text


def _moment(text: str) -> datetime:
    if _MOMENT.fullmatch(text):
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    allowed = "2026-11-22T08:30:00+08:00"
    raise InputError("cap_element_wrong", column="sent", measured=text[:80], allowed=allowed)


def _references(text: str) -> Iterator[str]:
    for said in text.split():
        parts = said.split(",")
        if len(parts) != 3 or not all(parts):
            allowed = "SENDER,IDENTIFIER,SENT"
            raise InputError("cap_element_wrong", column="references", measured=said[:80], allowed=allowed)
        yield external_of(parts[0], parts[1])


def _place(info: Element) -> tuple[float, float] | None:
    """Longitude and latitude of the first area that has a shape."""
    for area in info.findall(_name("area")):
        circle = area.find(_name("circle"))
        if circle is not None:
            pair, _, radius = (circle.text or "").strip().partition(" ")
            if not _RADIUS.fullmatch(radius.strip()):
                raise InputError("cap_area_wrong", column="circle", measured=(circle.text or "")[:80])
            return _pair(pair, "circle")
    for area in info.findall(_name("area")):
        polygon = area.find(_name("polygon"))
        if polygon is not None:
            ring = [_pair(pair, "polygon") for pair in (polygon.text or "").split()]
            if len(ring) < 4 or ring[0] != ring[-1]:
                raise InputError("cap_area_wrong", column="polygon", measured=(polygon.text or "")[:80])
            inside = shapely.Polygon(ring).representative_point()
            if inside.is_empty or not math.isfinite(inside.x):
                return ring[0]
            return float(inside.x), float(inside.y)
    return None


def _pair(text: str, column: str) -> tuple[float, float]:
    found = _PAIR.fullmatch(text)
    if found is None or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        raise InputError("cap_area_wrong", column=column, measured=text[:80])
    return float(found[2]), float(found[1])


def _said(moment: datetime) -> str:
    """As CAP writes UTC: never ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") + "-00:00"


def _add(parent: Element, told: Sequence[tuple[str, str]]) -> None:
    for tag, text in told:
        SubElement(parent, tag).text = _NO_XML.sub("", text)
