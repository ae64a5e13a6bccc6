"""Requests that may be sent twice, and changes that must know what they change.

``Idempotency-Key`` on POST, PUT, PATCH and DELETE: the answer of a change is kept in its transaction and given again;
a request that failed may be sent again with the same key.  ``If-Match`` on every change of a plan: the revision it
was made for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from fastapi import Request, Response
from pydantic import BaseModel

from api.problems import Refusal
from api.routes.access import Caller
from api.routes.acts import act_of, store_of
from data.store import Tx
from data.store.rooms.repeats import Answer

P = TypeVar("P")
KEY_HEADER = "Idempotency-Key"
REPEATED_HEADER = "X-Repeated"
KEPT = timedelta(hours=48)
"""So long at least an answer can be asked for again."""
_MOST_KEY = 200
_KEY = re.compile(r"[!-~]{1,200}")
KEY_PARAMETER = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "description": "Of the sender's choice: the same request with the same key is done once and answered alike",
    "schema": {"type": "string", "minLength": 1, "maxLength": _MOST_KEY, "pattern": "^[!-~]+$"},
}
MATCH_PARAMETER = {
    "name": "If-Match",
    "in": "header",
    "required": False,  # for programs that check requests; without it the answer is 428
    "description": "ETag of the plan that the change was made for; never left out, 428 says so",
    "schema": {"type": "string", "pattern": '^"[^"]+-[1-9][0-9]{0,8}"$'},
}
_ETAG = re.compile(r'"([^"]*)"')


def answer_once(
    request: Request,
    caller: Caller,
    body: BaseModel | None,
    work: Callable[[Tx], Answer],
    *,
    prepare: Callable[[], object] = lambda: None,
    done: Callable[[], object] = lambda: None,
    reason: str = "",
) -> Response:
    """Do the work of a request in one transaction, or give the answer that it was given before.

    Parameters
    ----------
    body
        The request body, as it was understood.
    work
        Makes the change and the answer; whatever it raises undoes the change and keeps no answer.
    prepare
        Called before the transaction begins, for what takes long and changes nothing.
    done
        Called once the change is kept.
    reason
        Why, where the body says it; else as the header does.

    Raises
    ------
    Refusal
        400 ``idempotency_key_malformed``.
    Conflict
        ``idempotency_key_reused``.
    """
    act = act_of(request, caller)
    if reason:
        act = replace(act, reason=reason)
    key = key_of(request)
    digest = digest_of(request, body)
    store = store_of(request)
    if key:
        with store.read(caller.jurisdiction) as tx:
            before = tx.repeats.find(act.who, key, digest)
        if before is not None:
            return _given(before, again=True)
    prepare()
    with store.write(act) as tx:
        before = tx.repeats.find(act.who, key, digest) if key else None
        if before is None:
            answer = work(tx)
            if key:
                tx.repeats.keep(key, digest, answer)
                if digest.startswith("00"):  # one request in 256 sweeps up behind the others
                    tx.repeats.forget_before(act.at - KEPT)
    if before is not None:
        return _given(before, again=True)
    done()
    return _given(answer, again=False)


def key_of(request: Request) -> str:
    """The key of a request that may be sent twice; empty for none.

    Raises
    ------
    Refusal
        400 ``idempotency_key_malformed``.
    """
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return ""
    if not _KEY.fullmatch(key):
        raise Refusal(400, "idempotency_key_malformed", measured=len(key), allowed=_MOST_KEY)
    return key


def digest_of(request: Request, body: BaseModel | None) -> str:
    """What makes two requests the same: method, address and body."""
    text = "" if body is None else body.model_dump_json()
    target = f"{request.method} {request.url.path}?{request.url.query}"
    return hashlib.sha256(f"{target}\n{text}".encode()).hexdigest()


def etag_of(id: str, revision: int) -> str:
    """ETag of a plan."""
    return f'"{id}-{revision}"'


def expected_revision(request: Request, id: str) -> int:
    """The revision of a plan that a change was made for, as ``If-Match`` says.

    Raises
    ------
    Refusal
        428 ``if_match_missing``; 400 ``if_match_malformed``.
    """
    stated = request.headers.get("if-match")
    if stated is None or not stated.strip():
        raise Refusal(428, "if_match_missing")
    found = [tag.rpartition("-") for tag in _ETAG.findall(stated)]
    revisions = [int(number) for of, _, number in found if of == id and number.isascii() and number.isdigit()]
    if len(found) != 1 or len(revisions) != 1 or len(found[0][2]) > 9:
        # ``*`` would mean "whatever it is now", and that is how edits are lost.
        raise Refusal(400, "if_match_malformed", measured=stated[:80], allowed=etag_of(id, 1))
    return revisions[0]


def is_known(request: Request, etag: str) -> bool:
    """Whether the reader has this version already (``If-None-Match``)."""
    stated = request.headers.get("if-none-match", "")
    tags = {part.strip().removeprefix("W/") for part in stated.split(",")}
    return "*" in tags or etag in tags


def _given(answer: Answer, *, again: bool) -> Response:
    headers = {**answer.headers, **({REPEATED_HEADER: "true"} if again else {})}
    return Response(answer.body, answer.status, headers, media_type="application/json" if answer.body else None)
