"""Accounts, keys, the audit log: what admins do, what everybody may do with their own, what auditors read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from api.accounts.names import NAME_PATTERN, PREFIX_PATTERN, tidy_name
from api.accounts.names import jurisdiction as checked_jurisdiction
from api.http.openapi import responses
from api.http.schemas import Body
from api.problems import Refusal
from api.routes.access import Caller, allow, allow_signed_in, guard_of, logins_of
from api.routes.acts import act_of, store_of
from api.usecases import accounts as use
from data.store import Tx
from data.store.rooms.accounts import Account
from data.store.rooms.audit import Entry
from data.store.rooms.keys import Key
from gis.errors import NotFound

router = APIRouter(tags=["accounts"])
Role = Literal["planner", "reviewer", "dispatcher", "patrol", "lookup", "auditor", "admin"]
Admin = Annotated[Caller, Depends(allow("admin"))]
Anybody = Annotated[Caller, Depends(allow_signed_in())]
Limit = Annotated[int, Query(ge=1, le=1000)]
# What is said of these is for the description; the refusal itself is a sentence of our own.
Prefix = Annotated[str, Field(max_length=200, json_schema_extra={"maxLength": 32, "pattern": PREFIX_PATTERN})]
Days = Annotated[int, Field(json_schema_extra={"minimum": 1, "maximum": use.MOST_KEY_DAYS})]
_SECRET = {"Cache-Control": "no-store"}


class AccountOut(BaseModel):
    """One account."""

    name: str
    role: Role
    jurisdiction: str = Field(description="Code prefix it may see and change; empty for everything")
    state: Literal["open", "one_time", "locked", "disabled"]
    created_at: datetime
    created_by: str


class NewAccountOut(AccountOut):
    """An account that was made, with the password that is shown only now."""

    one_time_password: str


class AccountsOut(BaseModel):
    """Accounts in the order of their names."""

    accounts: list[AccountOut]
    next: str | None = Field(description="What `after` must be for the following ones")


class AccountIn(Body):
    """An account to make."""

    name: str = Field(max_length=200, json_schema_extra={"minLength": 2, "maxLength": 64, "pattern": NAME_PATTERN})
    role: Role
    jurisdiction: Prefix = ""


class AccountChange(Body):
    """What to change of an account."""

    role: Role | None = None
    jurisdiction: Prefix | None = None
    is_disabled: bool | None = None


class PasswordOut(BaseModel):
    """A password that is shown only now and must be changed at the first sign-in."""

    name: str
    one_time_password: str


class KeyOut(BaseModel):
    """One API key, without what makes it work."""

    prefix: str
    account: str
    label: str
    created_at: datetime
    ends_at: datetime | None
    last_used_at: datetime | None = Field(description="To the hour")


class NewKeyOut(KeyOut):
    """A key that was made; its text is shown only now."""

    key: str
    replaces: KeyOut | None = None


class KeysOut(BaseModel):
    """Keys in the order of their prefixes."""

    keys: list[KeyOut]
    next: str | None = Field(description="What `after` must be for the following ones")


class KeyIn(Body):
    """A key to make."""

    account: str = Field(max_length=200)
    label: str = Field("", max_length=200, json_schema_extra={"maxLength": use.MAX_LABEL})
    days: Days = use.KEY_DAYS


class RotationIn(Body):
    """How a key is followed by a new one."""

    overlap_days: int = Field(use.OVERLAP_DAYS, json_schema_extra={"minimum": 0, "maximum": use.MOST_OVERLAP_DAYS})
    days: Days = use.KEY_DAYS


class EntryOut(BaseModel):
    """One row of the audit log."""

    number: int
    at: datetime
    who: str
    action: str
    subject: str
    place: str
    reason: str
    request_id: str
    before: dict[str, object] | None
    after: dict[str, object] | None
    hash: str


class AuditOut(BaseModel):
    """Rows of the audit log in their order."""

    entries: list[EntryOut]
    next: int | None = Field(description="What `after` must be for the following ones")
    head: dict[str, object] | None = Field(description="Number and hash of the newest row of the whole store")


@router.get("/v1/accounts", summary="Accounts within one's jurisdiction")
def list_accounts(
    request: Request, caller: Admin, after: Annotated[str, Query(max_length=200)] = "", limit: Limit = 100
) -> AccountsOut:
    """Also disabled and closed ones: a name is never given twice."""
    with store_of(request).read(caller.jurisdiction) as tx:
        found = tx.accounts.accounts(after=after, limit=limit)
    now = guard_of(request).now()
    following = found[-1].name if len(found) == limit else None
    return AccountsOut(accounts=[AccountOut(**_shown(account, now)) for account in found], next=following)


@router.post("/v1/accounts", status_code=201, summary="Make an account", responses=responses(409))
def add_account(request: Request, response: Response, caller: Admin, body: AccountIn) -> NewAccountOut:
    """Gives a one-time password, which is shown only now."""
    _require_inside(caller, body.jurisdiction)
    made = use.add_account(
        guard_of(request).store,
        act_of(request, caller),
        body.name,
        role=body.role,
        place=body.jurisdiction,
        passwords=logins_of(request).passwords,
    )
    guard_of(request).forget()
    response.headers.update(_SECRET)
    shown = _shown(made.account, guard_of(request).now())
    return NewAccountOut(**shown, one_time_password=made.password)


@router.get("/v1/accounts/{name}", summary="One account", responses=responses(404))
def show_account(request: Request, caller: Admin, name: str) -> AccountOut:
    """An account outside one's jurisdiction is answered like one that does not exist."""
    with store_of(request).read(caller.jurisdiction) as tx:
        return AccountOut(**_shown(tx.accounts.account(tidy_name(name)), guard_of(request).now()))


@router.patch("/v1/accounts/{name}", summary="Change an account", responses=responses(404, 409))
def change_account(request: Request, caller: Admin, name: str, body: AccountChange) -> AccountOut:
    """Its sessions end; its keys follow it."""
    place = None if body.jurisdiction is None else checked_jurisdiction(body.jurisdiction)
    with store_of(request).write(act_of(request, caller)) as tx:
        tx.accounts.account(tidy_name(name))  # outside: not found, before anything is said about the change
        if place is not None:
            _require_inside(caller, place)
        changed = tx.accounts.change(tidy_name(name), role=body.role, jurisdiction=place, is_disabled=body.is_disabled)
    guard_of(request).forget()
    return AccountOut(**_shown(changed, guard_of(request).now()))


@router.delete("/v1/accounts/{name}", status_code=204, summary="Close an account", responses=responses(404, 409))
def close_account(request: Request, caller: Admin, name: str) -> None:
    """For good: no password, no key, no session.  Its name stays taken, so that the audit log keeps one meaning."""
    with store_of(request).write(act_of(request, caller)) as tx:
        tx.accounts.close(tidy_name(name))
    guard_of(request).forget()


@router.post("/v1/accounts/{name}/password", summary="A one-time password for an account", responses=responses(404))
def reset_password(request: Request, response: Response, caller: Admin, name: str) -> PasswordOut:
    """In place of its own, which was forgotten; also lifts a lock.  It is shown only now."""
    with store_of(request).read(caller.jurisdiction) as tx:
        tx.accounts.account(tidy_name(name))
    guard = guard_of(request)
    passwords = logins_of(request).passwords
    password = use.reset_password(guard.store, act_of(request, caller), name, passwords=passwords)
    guard.forget()
    response.headers.update(_SECRET)
    return PasswordOut(name=tidy_name(name), one_time_password=password)


@router.get(
    "/v1/keys", summary="API keys: one's own, for admins those within their jurisdiction", responses=responses(404)
)
def list_keys(
    request: Request,
    caller: Anybody,
    account: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Limit = 100,
) -> KeysOut:
    """Ended ones too."""
    account = tidy_name(account)
    if caller.role != "admin":
        if account not in ("", caller.name):
            raise NotFound("account_unknown", measured=account)
        account = caller.name
    with store_of(request).read(caller.jurisdiction) as tx:
        if account:
            tx.accounts.account(account)
        found = tx.accounts.keys.all(account=account, after=use.bare_prefix(after), limit=limit)
    following = found[-1].prefix if len(found) == limit else None
    return KeysOut(keys=[_key(key) for key in found], next=following)


@router.post("/v1/keys", status_code=201, summary="Make an API key", responses=responses(404, 409))
def issue_key(request: Request, response: Response, caller: Admin, body: KeyIn) -> NewKeyOut:
    """For an account within one's jurisdiction; the key is shown only now."""
    guard, act = guard_of(request), act_of(request, caller)
    made = use.issue_key(guard.store, act, body.account, label=body.label, days=body.days, secret=guard.secret())
    response.headers.update(_SECRET)
    return NewKeyOut(**_key(made.key).model_dump(), key=made.text)


@router.post("/v1/keys/{prefix}/rotation", status_code=201, summary="A new key", responses=responses(404, 409))
def rotate_key(request: Request, response: Response, caller: Admin, prefix: str, body: RotationIn) -> NewKeyOut:
    """In place of an old one, which goes on for some days; the new key is shown only now."""
    guard, act = guard_of(request), act_of(request, caller)
    made = use.rotate_key(
        guard.store, act, prefix, overlap_days=body.overlap_days, days=body.days, secret=guard.secret()
    )
    guard.forget()
    response.headers.update(_SECRET)
    replaced = None if made.old is None else _key(made.old)
    return NewKeyOut(**_key(made.key).model_dump(), key=made.text, replaces=replaced)


@router.delete("/v1/keys/{prefix}", status_code=204, summary="Revoke an API key", responses=responses(404, 409))
def revoke_key(request: Request, caller: Anybody, prefix: str) -> None:
    """One's own, or as an admin one within one's jurisdiction; it opens nothing from now on."""
    with store_of(request).write(act_of(request, caller)) as tx:
        _revoke(tx, caller, use.bare_prefix(prefix))
    guard_of(request).forget()


@router.get("/v1/audit", summary="The audit log")
def list_audit(
    request: Request,
    caller: Annotated[Caller, Depends(allow("auditor"))],
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Limit = 100,
) -> AuditOut:
    """Rows of one's jurisdiction, oldest first.

    Who sees everything is also told the newest row's hash: noted elsewhere, it shows later whether rows were cut off.
    """
    with store_of(request).read(caller.jurisdiction) as tx:
        entries = tx.audit.entries(after=after, limit=limit, place=caller.jurisdiction)
        number, seal = tx.audit.head()
    following = entries[-1].number if len(entries) == limit else None
    head = None if caller.jurisdiction else {"number": number, "hash": seal}
    return AuditOut(entries=[_entry(entry) for entry in entries], next=following, head=head)


def _revoke(tx: Tx, caller: Caller, prefix: str) -> None:
    if caller.role != "admin" and tx.accounts.keys.key(prefix).account != caller.name:
        raise NotFound("key_unknown", measured=prefix)
    tx.accounts.keys.revoke(prefix)


def _require_inside(caller: Caller, place: str) -> None:
    if not place.startswith(caller.jurisdiction):
        raise Refusal(403, "jurisdiction_outside", measured=place[:80], allowed=caller.jurisdiction)


def _shown(account: Account, now: datetime) -> dict[str, object]:
    return {
        "name": account.name,
        "role": account.role,
        "jurisdiction": account.jurisdiction,
        "state": account.state(now),
        "created_at": account.created_at,
        "created_by": account.created_by,
    }


def _key(key: Key) -> KeyOut:
    return KeyOut(
        prefix=key.prefix,
        account=key.account,
        label=key.label,
        created_at=key.created_at,
        ends_at=key.ends_at(),
        last_used_at=key.last_used_at,
    )


def _entry(entry: Entry) -> EntryOut:
    return EntryOut(**{name: getattr(entry, name) for name in EntryOut.model_fields})
