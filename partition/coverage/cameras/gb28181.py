"""Twenty-digit device ids (GB/T 28181, coding rule A), validated.

Digits 1-8 name the centre (province, prefecture, county and base unit, ``00`` where unused), 9-10 the industry, 11-13
the type of device, 14 the network, 15-20 a number.  An id says no more of the place than the county: which grid a
camera is in takes coordinates.  That a county exists is not checked, there is no table of counties here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gis.errors import Fault, InputError
from partition.codes.units import is_digits

DIGITS = 20
CAMERA_TYPES = ("131", "132")
"""Camera and network camera."""
OK, NONE = "ok", "none"
"""Verdicts: a valid id, and a text that is no attempt at one."""

_PROVINCES = frozenset(
    (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82)
)
_WITHOUT_COUNTIES = ("4419", "4420", "4604", "6202")
"""Prefectures whose towns hang on them directly."""
_RESERVED_INDUSTRIES = range(12, 40)
_RESERVED_NETWORK = "9"
_ALMOST = re.compile(r"[0-9]{19,21}")


@dataclass(frozen=True, slots=True)
class DeviceId:
    """A device id in its parts.

    Attributes
    ----------
    county
        Digits 1-6.
    base_unit
        Digits 7-8; ``00`` where the centre is that of the county.
    industry, type, network, number
        Digits 9-10, 11-13, 14, and 15-20.
    """

    county: str
    base_unit: str
    industry: str
    type: str
    network: str
    number: str


def read_device_id(text: str) -> DeviceId:
    """Read the id of a camera.

    Raises
    ------
    InputError
        Every fault: ``gb28181_not_digits``, ``gb28181_length`` (then nothing else), ``gb28181_centre``,
        ``gb28181_industry``, ``gb28181_type``, ``gb28181_network``.
    """
    faults = faults_of(text)
    if faults:
        raise InputError.of(faults)
    return _cut(text)


def faults_of(text: str) -> list[Fault]:
    """What is wrong with the id of a camera."""
    if not is_digits(text):
        return [Fault("gb28181_not_digits", {"measured": text[:40]})]
    if len(text) != DIGITS:
        return [Fault("gb28181_length", {"measured": text[:40], "n": len(text), "allowed": DIGITS})]
    parts = _cut(text)
    faults = []
    if not _is_centre(parts):
        faults.append(Fault("gb28181_centre", {"measured": text[:8]}))
    if int(parts.industry) in _RESERVED_INDUSTRIES:
        faults.append(Fault("gb28181_industry", {"measured": parts.industry, "allowed": "00-11, 40-99"}))
    if parts.type not in CAMERA_TYPES:
        faults.append(Fault("gb28181_type", {"measured": parts.type, "allowed": ", ".join(CAMERA_TYPES)}))
    if parts.network == _RESERVED_NETWORK:
        faults.append(Fault("gb28181_network", {"measured": parts.network, "allowed": "0-8"}))
    return faults


def verdict(text: str) -> str:
    """``ok``, ``none`` where the text is no attempt at a device id, or the code of the first thing wrong with it."""
    if not _ALMOST.fullmatch(text):
        return NONE
    faults = faults_of(text)
    return faults[0].code if faults else OK


def _cut(text: str) -> DeviceId:
    return DeviceId(text[:6], text[6:8], text[8:10], text[10:13], text[13], text[14:])


def _is_centre(parts: DeviceId) -> bool:
    """A known province; nothing below a part that is unused, but for prefectures without counties."""
    province, prefecture, county = parts.county[:2], parts.county[2:4], parts.county[4:]
    used = [prefecture != "00", county != "00" or parts.county[:4] in _WITHOUT_COUNTIES, parts.base_unit != "00"]
    return int(province) in _PROVINCES and used == sorted(used, reverse=True)
