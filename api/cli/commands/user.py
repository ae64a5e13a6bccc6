"""``gridwright user VERB``: accounts and API keys of a store.

One command with a verb, so that help, options and documentation stay on one page; `_VERBS` says which options belong
to which verb, and what does not belong is refused rather than passed over.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import BROKEN, DONE
from gis.errors import InputError

if TYPE_CHECKING:
    from data.store import SqlStore
    from data.store.rooms.accounts import Account
    from data.store.rooms.keys import Key

NAME = "user"


@dataclass(frozen=True, slots=True)
class _Verb:
    """A verb: which words and options it needs, and which it may have."""

    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    example: str = ""


_VERBS: Mapping[str, _Verb] = MappingProxyType(
    {
        "list": _Verb(),
        "add": _Verb(("name", "role"), ("jurisdiction",), "planning-desk --role planner"),
        "key": _Verb(("name",), ("days", "label"), "planning-desk"),
        "rotate": _Verb(("name",), ("days", "overlap"), "PREFIX"),
        "revoke": _Verb(("name",), (), "PREFIX"),
        "password": _Verb(("name",), (), "planning-desk"),
        "disable": _Verb(("name",), (), "planning-desk"),
        "enable": _Verb(("name",), (), "planning-desk"),
        "close": _Verb(("name",), (), "planning-desk"),
    }
)
_OPTIONS = ("role", "jurisdiction", "days", "label", "overlap")


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("verb", metavar="VERB", choices=tuple(_VERBS))
    parser.take("name", metavar="NAME", nargs="?")
    parser.take("--role", metavar="ROLE")
    parser.take("--jurisdiction", metavar="PREFIX")
    parser.take("--days", metavar="N", type=int)
    parser.take("--label", metavar="TEXT")
    parser.take("--overlap", metavar="N", type=int)
    parser.take("--store", metavar="URL")


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Do what the verb says."""
    _check(arguments)
    from api.wiring import open_ready_store, store_address

    work = {
        "list": _list,
        "add": _add,
        "key": _key,
        "rotate": _rotate,
        "revoke": _revoke,
        "password": _password,
        "disable": _switch,
        "enable": _switch,
        "close": _close,
    }[arguments.verb]
    store = open_ready_store(store_address(arguments.store))
    try:
        return work(store, arguments, talk)
    finally:
        store.close()


def _check(arguments: Namespace) -> None:
    """Refuse what a verb does not take, and ask for what it needs."""
    verb = _VERBS[arguments.verb]
    words = {option: f"--{option}" for option in _OPTIONS} | {"name": "NAME"}
    given = {word for word in words if getattr(arguments, word) is not None}
    for word in sorted(given - {*verb.needs, *verb.takes}):
        allowed = ", ".join(words[w] for w in (*verb.needs, *verb.takes)) or "--store"
        raise InputError("user_option_unused", verb=arguments.verb, column=words[word], allowed=allowed)
    for word in verb.needs:
        if word not in given:
            raise InputError("user_option_missing", verb=arguments.verb, column=words[word], example=verb.example)


def _list(store: SqlStore, arguments: Namespace, talk: Talk) -> Outcome:
    from api.wiring import utc_now

    now = utc_now()
    with store.read() as tx:
        found, after = [], ""
        while page := tx.accounts.accounts(after=after, limit=1000):
            found += page
            after = page[-1].name
        keys: dict[str, list[Key]] = {account.name: [] for account in found}
        for account in found:
            keys[account.name] = [key for key in tx.accounts.keys.all(account=account.name) if key.is_valid(now)]
    listed = [_account_json(a) | {"state": a.state(now), "keys": [_key_json(k) for k in keys[a.name]]} for a in found]
    summary = {"command": NAME, "verb": "list", "accounts": listed}
    if not found:
        return Outcome(BROKEN, summary, [talk.say("user_none")], "gridwright user add NAME --role admin")
    rows = [
        (
            account.name,
            account.role,
            account.jurisdiction or talk.say("user_everywhere"),
            talk.say(f"account_state_{account.state(now)}"),
            " ".join(f"gw_{key.prefix}" for key in keys[account.name]) or "—",
        )
        for account in found
    ]
    labels = ("label_account", "label_role", "label_jurisdiction", "label_account_state", "label_keys")
    return Outcome(DONE, summary, [Table(labels, rows)])


def _add(store: SqlStore, arguments: Namespace, talk: Talk) -> Outcome:
    from api.usecases.accounts import add_account
    from api.wiring import local_act

    made = add_account(store, local_act(), arguments.name, role=arguments.role, place=arguments.jurisdiction or "")
    account = made.account
    place = talk.say("user_inside", measured=account.jurisdiction) if account.jurisdiction else ""
    shown = [
        talk.say("user_added", measured=account.name, role=account.role, place=place or talk.say("user_everywhere")),
        talk.say("user_password_once", measured=made.password),
    ]
    summary = {"command": NAME, "verb": "add", **_account_json(account), "one_time_password": made.password}
    return Outcome(DONE, summary, shown, f"gridwright user key {account.name}")


def _key(store: SqlStore, arguments: Namespace, talk: Talk) -> Outcome:
    from api.usecases.accounts import KEY_DAYS, issue_key
    from api.wiring import local_act

    days = KEY_DAYS if arguments.days is None else arguments.days
    made = issue_key(store, local_act(), arguments.name, label=arguments.label or "", days=days)
    summary = {"command": NAME, "verb": "key", **_key_json(made.key), "key": made.text}
    return Outcome(DONE, summary, _tell_key(made.key, made.text, talk))


def _rotate(store: SqlStore, arguments: Namespace, talk: Talk) -> Outcome:
    from api.usecases.accounts import KEY_DAYS, OVERLAP_DAYS, rotate_key
    from api.wiring import local_act

    days = KEY_DAYS if arguments.days is None else arguments.days
    overlap = OVERLAP_DAYS if arguments.overlap is None else arguments.overlap
    made = rotate_key(store, local_act(), arguments.name, overlap_days=overlap, days=days)
    summary = {"command": NAME, "verb": "rotate", **_key_json(made.key), "key": made.text}
    shown = _tell_key(made.key, made.text, talk)
    if made.old is not None:
        summary["replaces"] = _key_json(made.old)
        shown.append(talk.say("user_key_old", measured=made.old.prefix, near=_day(made.old.ends_at())))
    return Outcome(DONE, summary, shown)


def _revoke(store: SqlStore, arguments: Namespace, talk: Talk) -> Outcome:
    from api.usecases.accounts import bare_prefix
    from api.wiring import local_act

    with store.write(local_act()) as tx:
        key = tx.accounts.keys.revoke(bare_prefix(arguments.name))
    summary = {"command": NAME, "verb": "revoke", **_key_json(key)}
    return Outcome(DONE, summary, [talk.say("user_key_revoked", measured=key.prefix)])


def _password(store: SqlStore, arguments: Namespace, talk: Talk) -> Outcome:
    from api.usecases.accounts import reset_password
    from api.wiring import local_act

    password = reset_password(store, local_act(), arguments.name)
    summary = {"command": NAME, "verb": "password", "name": arguments.name, "one_time_password": password}
    return Outcome(DONE, summary, [talk.say("user_password_once", measured=password)])


def _switch(store: SqlStore, arguments: Namespace, talk: Talk) -> Outcome:
    from api.accounts.guard import AccessSettings
    from api.accounts.names import tidy_name
    from api.wiring import local_act

    is_disabled = arguments.verb == "disable"
    with store.write(local_act()) as tx:
        account = tx.accounts.change(tidy_name(arguments.name), is_disabled=is_disabled)
    code = "user_disabled" if is_disabled else "user_enabled"
    summary = {"command": NAME, "verb": arguments.verb, **_account_json(account)}
    return Outcome(DONE, summary, [talk.say(code, measured=account.name, near=AccessSettings().memory_s)])


def _close(store: SqlStore, arguments: Namespace, talk: Talk) -> Outcome:
    from api.accounts.names import tidy_name
    from api.wiring import local_act

    name = tidy_name(arguments.name)
    with store.write(local_act()) as tx:
        tx.accounts.close(name)
    return Outcome(DONE, {"command": NAME, "verb": "close", "name": name}, [talk.say("user_closed", measured=name)])


def _tell_key(key: Key, text: str, talk: Talk) -> list[str | Table]:
    made = talk.say("user_key_made", measured=key.prefix, name=key.account, near=_day(key.ends_at()))
    return [made, talk.say("user_key_once", measured=text)]


def _account_json(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "role": account.role,
        "jurisdiction": account.jurisdiction,
        "is_disabled": account.is_disabled,
        "must_change": account.must_change,
    }


def _key_json(key: Key) -> dict[str, Any]:
    return {
        "prefix": key.prefix,
        "account": key.account,
        "label": key.label,
        "ends_at": _moment(key.ends_at()),
        "last_used_at": _moment(key.last_used_at),
    }


def _moment(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _day(moment: Any) -> str:
    return "—" if moment is None else f"{moment:%Y-%m-%d}"
