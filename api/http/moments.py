"""Moments that readers write: RFC 3339, or a date alone, which is its first moment in China's time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from api.problems import Refusal

CHINA = timezone(timedelta(hours=8))
_FORM = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d))?")


def read_moment(text: str, name: str) -> datetime:
    """The moment that a parameter states, with its time zone.

    Raises
    ------
    Refusal
        400 ``moment_malformed``.
    """
    try:
        if not _FORM.fullmatch(text):
            raise ValueError
        moment = datetime.fromisoformat(text.upper())
        moment = moment.replace(tzinfo=CHINA) if moment.tzinfo is None else moment
        moment.astimezone(CHINA)  # the first and last hours of the calendar have no moment elsewhere
    except (ValueError, OverflowError) as error:
        raise Refusal(400, "moment_malformed", column=name, measured=text[:40]) from error
    return moment
