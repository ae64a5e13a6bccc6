"""What every route needs of a request: the store, the settings, the act, the language."""

from __future__ import annotations

from urllib.parse import unquote

from fastapi import Request

from api.http.answers import request_id_of
from api.http.language import language_of as _language_of
from api.http.settings import ServiceSettings
from api.problems import Refusal
from api.routes.access import Caller
from data.store import Act, Store

REASON_HEADER = "X-Reason"
MAX_REASON = 500


def store_of(request: Request) -> Store:
    """The store of the service."""
    store: Store = request.app.state.store
    return store


def settings_of(request: Request) -> ServiceSettings:
    """The settings of the service."""
    settings: ServiceSettings = request.app.state.settings
    return settings


def language_of(request: Request) -> str:
    """The language for the answer, ``zh`` or ``en``."""
    return _language_of(request.scope)


def act_of(request: Request, caller: Caller) -> Act:
    """The act of a request that changes something: its caller, the moment, the request id and the stated reason.

    Raises
    ------
    Refusal
        400 ``reason_malformed``.
    """
    return Act(
        who=caller.name,
        at=settings_of(request).now(),
        jurisdiction=caller.jurisdiction,
        request_id=request_id_of(request.scope),
        reason=_reason(request),
    )


def _reason(request: Request) -> str:
    """The header ``X-Reason``: UTF-8, as it is or percent-encoded."""
    raw = request.headers.get(REASON_HEADER, "")
    if not raw:
        return ""
    try:
        text = raw.encode("latin-1").decode("utf-8")
        reason = unquote(text, errors="strict").strip()
    except UnicodeError as error:
        raise Refusal(400, "reason_malformed", measured=len(raw), allowed=MAX_REASON) from error
    if len(reason) > MAX_REASON or not reason.isprintable():
        raise Refusal(400, "reason_malformed", measured=len(reason), allowed=MAX_REASON)
    return reason
