"""The service over a store, with everything that belongs to running it: log, figures, worker, door, end."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable
from threading import Thread
from urllib.parse import urlsplit

from api import settings as environment
from api.accounts.first_start import FIRST_ADMIN, ensure_admin, is_loopback
from api.accounts.guard import Guard, access_settings
from api.app import create_app
from api.http.settings import LOOPBACK_NAMES, ServiceSettings
from api.operation.child import WatchedChild
from api.operation.door import address_of
from api.operation.logs import end_log, log_answers, start_log
from api.operation.server import run_service
from api.operation.warm import warm_up
from api.routes.plans import desk_of_app
from api.usecases.address_books import check_address_index
from api.wiring import full_address, system_act
from data.store import SqlStore
from gis.errors import InputError
from partition.incidents.periods import zone_of

_LOG = logging.getLogger("gridwright.service")
_WARM_S = 15.0
_EVERYWHERE = ("0.0.0.0", "::")


def serve_store(
    store: SqlStore,
    door: socket.socket,
    *,
    language: str,
    public_url: str = "",
    with_worker: bool = True,
    is_watched: bool = False,
    started: Callable[[str], None],
    first_admin: Callable[[str, str, str], None],
) -> None:
    """Serve a store through an open door until SIGTERM or Ctrl+C.

    Parameters
    ----------
    store
        With its tables; stays open.
    door
        From `api.operation.door.open_door`; closed at the end.
    language
        Language where the reader asks for none.
    public_url
        Address that readers use, where a proxy stands before the service.
    with_worker
        Whether to start a worker beside the service.
    is_watched
        Whether a person watches in a terminal: then only warnings are logged.
    started
        Told the address once requests are answered.
    first_admin
        Told the name of an account that was made, its one-time password and the address, where others can reach a
        store that had no account.

    Raises
    ------
    InputError
        ``public_url_wrong``, ``rate_wrong``, ``address_index_unknown``, ``address_index_without_server``.
    StorageError
        ``server_trigrams_missing``, ``server_locale_c``: the database can not hold the address index it is to hold.
    """
    check_address_index(store)
    access = access_settings()
    app = create_app(store, service_settings(door, language=language, public_url=public_url))
    app.state.guard = Guard(store, app.state.settings.now, access)
    address = public_url or address_of(door)
    if public_url or not is_loopback(str(door.getsockname()[0])):
        password = ensure_admin(store, system_act("first start"))
        if password is not None:
            first_admin(FIRST_ADMIN, password, address)
    log = start_log(quiet=is_watched)
    log_answers(app.state.observer, log)
    command = [sys.executable, "-m", "api.operation.tether", "worker", "--lang", language]
    warming: list[Thread] = []
    worker = WatchedChild(command, environment.with_store(full_address(store))) if with_worker else None

    def announce() -> None:
        if worker is not None:
            worker.start()
        _LOG.info("service started")
        warming.append(warm_up(store, lambda: desk_of_app(app)))
        started(address)

    try:
        run_service(
            app,
            door,
            started=announce,
            ending=app.state.observer.drain,
            trusted_proxies=environment.trusted_proxies(),
        )
    finally:
        if worker is not None:
            worker.end()
        for thread in warming:
            thread.join(_WARM_S)  # a compiler must not be cut off in the middle
        _LOG.info("service ended")
        end_log(log)


def service_settings(door: socket.socket, *, language: str, public_url: str = "") -> ServiceSettings:
    """Settings of a service behind a door: it answers to the names it is reached by, and to no other.

    Raises
    ------
    InputError
        ``public_url_wrong``, ``zone_unknown``.
    """
    host = str(door.getsockname()[0])
    names = [*LOOPBACK_NAMES[:3], f"[{host}]" if ":" in host else host]
    if public_url:
        parts = urlsplit(public_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise InputError("public_url_wrong", measured=public_url)
        names.append(parts.netloc.rpartition("@")[2].lower())
        names.append(parts.hostname)
    elif host in _EVERYWHERE:
        names = ["*"]
    return ServiceSettings(
        language=language,
        hosts=tuple(dict.fromkeys(names)),
        cors_origins=environment.cors_origins(),
        public_url=public_url.rstrip("/"),
        zone=zone_of(environment.zone()),
    )
