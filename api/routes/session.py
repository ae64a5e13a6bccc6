"""Signing in and out with a browser: the session, its cookie, and the page for it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field, SecretStr
from starlette.concurrency import run_in_threadpool

from api.accounts.logins import SignedIn
from api.accounts.rates import address_of
from api.http.answers import request_id_of
from api.http.openapi import responses
from api.http.schemas import Body
from api.pages.csp import OWN_FILES
from api.pages.files import page_file
from api.pages.login import login_page
from api.problems import Refusal
from api.routes.access import (
    Caller,
    allow_anyone,
    allow_signed_in,
    cookie_name,
    guard_of,
    is_https,
    logins_of,
    pass_of,
    refuse_foreign_pages,
)
from api.routes.accounts import Role
from api.routes.acts import language_of, settings_of

router = APIRouter(tags=["accounts"])
Anyone = Annotated[Caller, Depends(allow_anyone())]
Anybody = Annotated[Caller, Depends(allow_signed_in(before_change=True))]


class SessionOut(BaseModel):
    """Who one is to the service."""

    account: str
    role: Role
    jurisdiction: str = Field(description="Code prefix one may see and change; empty for everything")
    is_local: bool = Field(description="The store has no accounts: everybody on this machine may do everything")
    must_change: bool = Field(description="The password was given by somebody else and must be changed first")
    csrf: str = Field(description="What unsafe requests of a signed-in browser send as X-CSRF-Token; empty for keys")
    ends_at: datetime | None


class SignIn(Body):
    """Who wants to sign in."""

    name: str
    password: SecretStr


class NewPassword(Body):
    """One's password, and the one to have from now on."""

    password: SecretStr
    new_password: SecretStr


@router.post("/v1/session", status_code=201, summary="Sign in", responses=responses(401, 403, 429))
async def sign_in(request: Request, response: Response, _: Anyone, body: SignIn) -> SessionOut:
    """Sets the cookie of the session."""
    refuse_foreign_pages(request)
    host = request.client.host if request.client else None
    signed_in = await logins_of(request).sign_in(
        body.name,
        body.password.get_secret_value(),
        address=address_of(host),
        request_id=request_id_of(request.scope),
    )
    return _begun(request, response, signed_in)


@router.get("/v1/session", summary="Who am I")
def show_session(request: Request, response: Response, caller: Anybody) -> SessionOut:
    """By session or by key."""
    good = pass_of(request)
    response.headers["Cache-Control"] = "no-store"
    return SessionOut(
        account=caller.name,
        role=caller.role,  # type: ignore[arg-type]
        jurisdiction=caller.jurisdiction,
        is_local=caller.is_local,
        must_change=good.must_change,
        csrf=good.csrf,
        ends_at=good.ends_at,
    )


@router.delete("/v1/session", status_code=204, summary="Sign out")
async def sign_out(request: Request, response: Response, caller: Anybody) -> None:
    """Ends the session for good; a key is not touched by it."""
    session = pass_of(request).session
    if session:
        request_id = request_id_of(request.scope)
        await run_in_threadpool(logins_of(request).sign_out, caller, session, request_id=request_id)
        response.delete_cookie(cookie_name(request), path="/", secure=is_https(request), httponly=True, samesite="lax")
        response.headers["Clear-Site-Data"] = '"cache"'


@router.post("/v1/session/password", summary="Change one's password")
async def change_password(request: Request, response: Response, caller: Anybody, body: NewPassword) -> SessionOut:
    """Every session of the account ends; this browser gets a new one.  A key can not do it."""
    if not pass_of(request).session:
        raise Refusal(403, "session_needed")
    signed_in = await logins_of(request).change_password(
        caller,
        body.password.get_secret_value(),
        body.new_password.get_secret_value(),
        request_id=request_id_of(request.scope),
    )
    return _begun(request, response, signed_in)


@router.get("/login", summary="The page to sign in with", response_class=HTMLResponse)
def show_login(
    request: Request,
    _: Anyone,
    following: Annotated[str, Query(alias="next", max_length=2000)] = "/",
    lang: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """Goes on to `next`, a path of this service, once one is signed in."""
    # Where nobody can be signed in, the page does not ask: the answer would be a fault in the browser's log.
    asks = cookie_name(request) in request.cookies or guard_of(request).is_open() is not False
    page = login_page(language_of(request), following, asks=asks)
    headers = {"Content-Security-Policy": OWN_FILES, "Vary": "Accept-Language", "Cache-Control": "no-store"}
    return HTMLResponse(page, headers=headers)


@router.get("/login/{name}", include_in_schema=False)
def show_login_file(name: str, _: Anyone) -> Response:
    """Script and style of the page."""
    content, media_type = page_file("login", name)
    return Response(content, media_type=media_type)


def _begun(request: Request, response: Response, signed_in: SignedIn) -> SessionOut:
    response.set_cookie(
        cookie_name(request),
        signed_in.token,
        # The browser keeps it as long as a session can last; the store ends it earlier when it is idle.  Seconds, not a
        # moment: a browser whose clock is wrong would take the cookie for ended.
        max_age=int((signed_in.last_at - settings_of(request).now()).total_seconds()),
        path="/",
        secure=is_https(request),
        httponly=True,
        samesite="lax",
    )
    response.headers["Cache-Control"] = "no-store"
    caller = signed_in.caller
    return SessionOut(
        account=caller.name,
        role=caller.role,  # type: ignore[arg-type]
        jurisdiction=caller.jurisdiction,
        is_local=False,
        must_change=signed_in.must_change,
        csrf=signed_in.csrf,
        ends_at=signed_in.ends_at,
    )
