"""Accounts and keys made, changed and ended: what the command line and the service do alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from api.accounts.caller import ROLES
from api.accounts.keys import mint_key
from api.accounts.names import account_name, jurisdiction, tidy_name
from api.accounts.passwords import Passwords, one_time_password
from api.accounts.secret import fingerprint, service_secret
from data.store import Act, SqlStore
from data.store.rooms.accounts import Account
from data.store.rooms.keys import Key
from gis.errors import InputError

KEY_DAYS, MOST_KEY_DAYS = 365, 1095
OVERLAP_DAYS, MOST_OVERLAP_DAYS = 7, 90
MAX_LABEL = 80


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account and its one-time password, which is known only now."""

    account: Account
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key and its text, which is known only now; ``old`` is the key it takes over from."""

    key: Key
    text: str = field(repr=False)
    old: Key | None = None


def add_account(
    store: SqlStore, act: Act, name: str, *, role: str, place: str = "", passwords: Passwords | None = None
) -> NewAccount:
    """Make an account with a one-time password.

    Raises
    ------
    InputError
        ``account_name_wrong``, ``jurisdiction_wrong``, ``account_role_unknown``; ``user_first_admin`` when the first
        account of a store could not make the others.
    Conflict
        ``account_exists``, ``account_outside``.
    """
    name, place = account_name(name), jurisdiction(place)
    if role not in ROLES:
        raise InputError("account_role_unknown", measured=role, allowed=", ".join(ROLES))
    password = one_time_password()
    password_hash = (passwords or Passwords()).hash(password)
    with store.write(act) as tx:
        if not tx.accounts.exist() and (role != "admin" or place):
            raise InputError("user_first_admin", measured=name)
        return NewAccount(tx.accounts.add(name, role, place, password_hash), password)


def reset_password(store: SqlStore, act: Act, name: str, *, passwords: Passwords | None = None) -> str:
    """Give an account a one-time password in place of its own; returns it.

    Raises
    ------
    NotFound
        ``account_unknown``.
    """
    password = one_time_password()
    password_hash = (passwords or Passwords()).hash(password)
    with store.write(act) as tx:
        tx.accounts.set_password(tidy_name(name), password_hash, must_change=True)
    return password


def issue_key(
    store: SqlStore, act: Act, name: str, *, label: str = "", days: int = KEY_DAYS, secret: bytes | None = None
) -> IssuedKey:
    """Make an API key for an account.

    Raises
    ------
    InputError
        ``key_days_wrong``, ``key_label_wrong``.
    NotFound
        ``account_unknown``.
    Conflict
        ``secret_differs``.
    """
    _check_within("key_days_wrong", days, MOST_KEY_DAYS)
    if len(label) > MAX_LABEL or not (label.isprintable() or not label):
        raise InputError("key_label_wrong", measured=len(label), allowed=MAX_LABEL)
    secret = secret or service_secret(store)
    new = mint_key(secret)
    with store.write(act) as tx:
        account = tx.accounts.account(tidy_name(name))
        tx.accounts.keys.note_secret(fingerprint(secret))
        expires_at = act.at + timedelta(days=days)
        key = tx.accounts.keys.add(account, new.prefix, new.hash, label=label, expires_at=expires_at)
    return IssuedKey(key, new.text)


def rotate_key(
    store: SqlStore,
    act: Act,
    prefix: str,
    *,
    overlap_days: int = OVERLAP_DAYS,
    days: int = KEY_DAYS,
    secret: bytes | None = None,
) -> IssuedKey:
    """Make a key that takes over from an old one, which goes on for some days.

    Raises
    ------
    InputError
        ``key_overlap_wrong``, ``key_days_wrong``.
    NotFound
        ``key_unknown``.
    Conflict
        ``key_ended``, ``secret_differs``.
    """
    _check_within("key_days_wrong", days, MOST_KEY_DAYS)
    _check_within("key_overlap_wrong", overlap_days, MOST_OVERLAP_DAYS, least=0)
    secret = secret or service_secret(store)
    new = mint_key(secret)
    with store.write(act) as tx:
        keys = tx.accounts.keys
        old = keys.key(bare_prefix(prefix))
        account = tx.accounts.account(old.account)
        keys.note_secret(fingerprint(secret))
        end = act.at + timedelta(days=overlap_days)
        last = old.ends_at()
        if last is None or not act.at < last <= end:
            old = keys.revoke(old.prefix, at=end)
        key = keys.add(account, new.prefix, new.hash, label=old.label, expires_at=act.at + timedelta(days=days))
    return IssuedKey(key, new.text, old)


def bare_prefix(text: str) -> str:
    """The readable start of a key, however much of the key was given: ``gw_PREFIX_...`` or ``PREFIX``."""
    return text.removeprefix("gw_").split("_")[0]


def _check_within(code: str, days: int, most: int, *, least: int = 1) -> None:
    if not least <= days <= most:
        raise InputError(code, measured=days, allowed=f"{least}-{most}")
