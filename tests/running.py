"""The service as a process of its own, as people start it: ``gridwright serve`` on a free port."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

WAIT_S = 180.0  # far more than any of it takes, however busy the machine


@dataclass(frozen=True, slots=True)
class Running:
    """A running service.

    Attributes
    ----------
    process
        ``gridwright serve``.
    address
        As it told on standard output.
    said
        File with its standard error.
    """

    process: subprocess.Popen[str]
    address: str
    said: Path

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Ask."""
        return httpx.get(self.address + path, timeout=WAIT_S, **options)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end; returns its exit status."""
        self.process.send_signal(number)
        return self.process.wait(WAIT_S)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(WAIT_S)

    def lines(self) -> list[dict[str, Any]]:
        """Its log."""
        text = self.said.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@contextmanager
def running_service(
    store: str,
    folder: Path,
    *options: str,
    environment: dict[str, str] | None = None,
    worker: bool = False,
    public_url: str = "",
    port: int = 0,
) -> Iterator[Running]:
    """Start the service and wait until it is ready; it is gone at the end.

    Parameters
    ----------
    store
        Address of the store; goes through the environment, as a password would.
    folder
        Where its standard error is kept.
    options
        Further options of ``gridwright serve``.
    public_url
        Address that a proxy would have; the service itself is then asked at the port it was given.
    port
        The one to take; any when 0.
    """
    port = port or (free_port() if public_url else 0)
    said = folder / f"serve-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "api.cli", "serve", "--port", str(port), "--lang", "en", *options]
    if public_url:
        command += ["--public-url", public_url]
    if not worker:
        command.append("--no-worker")
    env = {**os.environ, "GRIDWRIGHT_STORE": store, "PYTHONUNBUFFERED": "1", **(environment or {})}
    with said.open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=env)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http" in line, f"{line}\n{said.read_text()}"
        told = next(word for word in line.split() if word.startswith("http"))
        running = Running(process, f"http://127.0.0.1:{port}" if public_url else told, said)
        wait_for(lambda: is_ready(running), f"readiness\n{said.read_text()}")
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(WAIT_S)
        if process.stdout is not None:
            process.stdout.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children(pid: int) -> dict[int, str]:
    """Child processes that run: process id and command line."""
    found = {}
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            if is_running(child):
                found[child] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
    return found


def is_running(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be noticed does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def is_ready(running: Running) -> bool:
    """Whether it answers and can do its work."""
    assert running.process.poll() is None, running.said.read_text()
    try:
        return running.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def wait_for(happened: Callable[[], bool], what: str) -> None:
    """Wait for an event; fail when it does not come in a very long time."""
    end = time.monotonic() + WAIT_S
    while not happened():
        assert time.monotonic() < end, f"never happened: {what}"
        time.sleep(0.05)
