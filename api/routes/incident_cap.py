"""Common Alerting Protocol 1.2 over HTTP: a message in, an incident as a message out."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.http.openapi import responses
from api.i18n import sentence
from api.problems import Refusal
from api.routes.acts import act_of, language_of, store_of
from api.routes.incident_schemas import IncidentOut, etag_of_incident, incident_out
from api.routes.incidents import Dispatcher, Reader, ground_of
from api.routes.repeats import is_known

router = APIRouter(tags=["incidents"])
CAP = "application/cap+xml"
_TAKEN = (CAP, "application/xml", "text/xml")
_BODY = {
    "requestBody": {
        "required": True,
        "description": "A message of CAP 1.2, of at most 1 MiB",
        "content": {kind: {"schema": {"type": "string"}} for kind in _TAKEN},
    }
}
_MESSAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "A message of CAP 1.2", "content": {CAP: {"schema": {"type": "string"}}}},
    304: {"description": "The reader has this version"},
}
IncidentId = Annotated[str, InPath(max_length=40)]


class HeardOut(BaseModel):
    """What became of a message."""

    identifier: str
    message: str = Field(description="Alert, Update, Cancel, Ack, Error")
    status: str = Field(description="Only `Actual` makes or changes an incident")
    taken: bool = Field(description="Whether it made or changed an incident")
    code: str | None = Field(description="Why it changed nothing; none for the same one again")
    detail: str | None
    incident: IncidentOut | None


@router.post(
    "/v1/incidents/cap",
    status_code=201,
    response_model=HeardOut,
    summary="Hear a CAP message",
    responses=responses(404, 409, 422) | {200: {"model": HeardOut, "description": "Nothing new came of it"}},
    openapi_extra=_BODY,
)
async def hear_message(request: Request, caller: Dispatcher) -> Response:
    """An alert becomes an incident, an update changes it, a cancellation cancels it; exercises and tests keep nothing.

    The place is the first circle's middle, else lies inside the first polygon.  Names, contacts and descriptions are
    passed over.  The same alert again is the same incident.  An update or a cancellation names the alert or any later
    message of the incident.  The same message again changes nothing, nor does an update that was sent before another
    update or the cancellation that was taken: it is answered `cap_newer_taken`.  A message about several incidents is
    refused.
    """
    body = await request.body()
    if not body:
        raise Refusal(400, "cap_body_missing")
    act, language = act_of(request, caller), language_of(request)
    ground = ground_of(request.app)

    def act_on() -> Response:
        from api.usecases.incident_cap import Heard, hear, not_an_incident
        from data.files.cap import read_cap

        message = read_cap(body)
        remark = not_an_incident(message)
        heard = Heard(remark=remark)
        if remark is None:
            reason = sentence("cap_cancelled_by", {"id": message.identifier}, language)
            with store_of(request).write(act) as tx:
                heard = hear(tx, ground, message, caller.role, reason)
                if heard.card is not None and (heard.is_new or heard.is_changed):
                    after = {"message": message.message, "identifier": message.identifier}
                    tx.audit.record("incident.cap", heard.card.id, place=heard.card.place, after=after)
        told = {
            "identifier": message.identifier,
            "message": message.message,
            "status": message.status,
            "taken": heard.is_new or heard.is_changed,
            "code": None if heard.remark is None else heard.remark.code,
            "detail": None if heard.remark is None else sentence(heard.remark.code, heard.remark.facts, language),
            "incident": None if heard.card is None else incident_out(heard.card),
        }
        headers = {"Cache-Control": "no-store"}
        if heard.card is not None:
            headers |= {"ETag": etag_of_incident(heard.card), "Location": f"/v1/incidents/{heard.card.id}"}
        status = 201 if heard.is_new else 200
        return Response(orjson.dumps(told), status, headers, media_type="application/json")

    return await run_in_threadpool(act_on)


@router.get(
    "/v1/incidents/{id}/cap",
    response_class=Response,
    summary="An incident as a CAP message",
    responses=responses(404) | _MESSAGE,
)
def show_message(request: Request, caller: Reader, id: IncidentId) -> Response:
    """An alert while it is new, then an update, or a cancellation; status Actual, scope Restricted."""
    from data.files.cap import write_cap

    with store_of(request).read(caller.jurisdiction) as tx:
        card = tx.incidents.card(id)
    etag = etag_of_incident(card)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Language, Cookie, Authorization"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    body = write_cap(card, "zh-CN" if language_of(request) == "zh" else "en-GB")
    return Response(body, headers=headers, media_type=CAP)
