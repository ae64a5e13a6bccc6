"""The address a service listens on: taken before anything else is done, or refused with a way out."""

from __future__ import annotations

import errno
import socket

from gis.errors import Conflict, InputError

_QUEUE = 512


def open_door(host: str, port: int) -> socket.socket:
    """Take the port, or say why not.

    Raises
    ------
    Conflict
        ``port_taken``.
    InputError
        ``port_refused``, ``host_unknown``, ``port_out_of_range``.
    """
    if not 0 <= port <= 65_535:
        raise InputError("port_out_of_range", measured=port, allowed="0-65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise InputError("host_unknown", measured=host) from error
    door = socket.socket(family, kind, protocol)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(address)
        # Bound alone does not yet keep another program from the port; listening does.
        door.listen(_QUEUE)
    except OSError as error:
        door.close()
        if error.errno == errno.EADDRINUSE:
            raise Conflict("port_taken", host=host, port=port, near=str(port + 1 if port < 65_535 else 8000)) from error
        if error.errno == errno.EADDRNOTAVAIL:
            raise InputError("host_unknown", measured=host) from error
        raise InputError("port_refused", host=host, port=port, measured=error.strerror) from error
    return door


def address_of(door: socket.socket) -> str:
    """What a person types into a browser on this machine."""
    host, port = door.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
