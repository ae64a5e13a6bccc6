"""Names of workers, and which of them are certainly dead.

A name says on which machine a worker runs and which process it is, so that whoever starts beside a dead one need not
wait until its lease is over.  Of other machines nothing is known; there the lease decides.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterable
from pathlib import Path


def my_name() -> str:
    """Name of this process as a worker: ``host/machine/process/start``."""
    pid = os.getpid()
    return f"{socket.gethostname().replace('/', '-')}/{_machine()}/{pid}/{_start_of(pid)}"


def gone(names: Iterable[str]) -> set[str]:
    """Those of the workers that ran on this machine and run no more."""
    return {name for name in names if is_gone(name)}


def is_gone(name: str) -> bool:
    """Whether a worker is certainly dead."""
    _, _, rest = name.partition("/")
    machine, _, process = rest.partition("/")
    pid, _, start = process.partition("/")
    if machine != _machine() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # there is such a process, of somebody else
    return _start_of(int(pid)) != start


def _machine() -> str:
    """This machine since it started, and the part of it that sees the same processes."""
    digest = hashlib.sha256(socket.gethostname().encode())
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        place = Path(path)
        try:
            digest.update((os.readlink(place) if place.is_symlink() else place.read_text()).encode())
        except OSError:
            continue  # not Linux: then the host's name has to do
    return digest.hexdigest()[:8]


def _start_of(pid: int) -> str:
    """When a process began, in ticks; empty where that is not told, ``gone`` for one that is dead but not buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "gone" if fields[0] in "ZX" else fields[19]
