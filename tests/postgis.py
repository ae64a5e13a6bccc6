"""A PostGIS server for the tests: a throw-away cluster, also as root, and a fresh database for each test.

Where the server is missing the tests fail and say so; they are never skipped, or they would vanish unseen.
`GRIDWRIGHT_TEST_DATABASE_URL` (a SQLAlchemy URL of a superuser) takes the place of the throw-away cluster.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, create_engine, make_url, text

_MISSING = (
    "These tests need PostgreSQL with PostGIS and found {what}. Run `make setup-tests`, or install it yourself "
    "(Debian, Ubuntu: apt-get install postgresql-postgis), or set GRIDWRIGHT_TEST_DATABASE_URL."
)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and the name of its template database with PostGIS."""

    address: URL
    template: str


@pytest.fixture(scope="session")
def postgis_server() -> Iterator[Server]:
    """A running server whose template database has PostGIS."""
    with running_server() as server:
        yield server


@contextmanager
def running_server(*, is_durable: bool = False) -> Iterator[Server]:
    """The same outside of tests; ``is_durable`` waits for the disk, as a server does that must lose nothing."""
    given = os.environ.get("GRIDWRIGHT_TEST_DATABASE_URL")
    with nullcontext(make_url(given)) if given else _cluster(is_durable) as address:
        server = Server(address.set(drivername="postgresql+psycopg"), f"gw_template_{uuid.uuid4().hex[:8]}")
        # A name of its own: two test workers may share a given server.
        _administer(server, f"create database {server.template} template template0 encoding 'UTF8' locale 'C.UTF-8'")
        try:
            _prepare(server)
            yield server
        finally:
            _administer(server, f"drop database {server.template} with (force)")


@pytest.fixture
def postgis(postgis_server: Server) -> Iterator[Engine]:
    """An engine on a fresh database; the database is gone after the test."""
    with fresh_database(postgis_server) as engine:
        yield engine


@contextmanager
def fresh_database(server: Server) -> Iterator[Engine]:
    """A new database copied from the template, dropped at the end."""
    name = f"gw_{uuid.uuid4().hex[:12]}"
    _administer(server, f"create database {name} template {server.template}")
    engine = create_engine(server.address.set(database=name))
    try:
        yield engine
    finally:
        engine.dispose()
        _administer(server, f"drop database {name} with (force)")


def _prepare(server: Server) -> None:
    """PostGIS, and trigrams that know Chinese characters."""
    engine = create_engine(server.address.set(database=server.template))
    try:
        with engine.begin() as connection:
            connection.execute(text("create extension postgis"))
            connection.execute(text("create extension pg_trgm"))
            alike = connection.execute(text("select similarity('和平路', '和平路')")).scalar_one()
    finally:
        engine.dispose()
    assert alike == 1, "the server's locale keeps only ASCII in trigrams: it must be C.UTF-8 or another UTF-8 locale"


def _administer(server: Server, statement: str) -> None:
    engine = create_engine(server.address, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


@contextmanager
def _cluster(is_durable: bool = False) -> Iterator[URL]:
    """A cluster in a temporary folder, without fsync unless asked for, stopped and removed at the end."""
    programs = _programs()
    is_root = os.geteuid() == 0
    try:
        owner = pwd.getpwnam("postgres") if is_root else None  # initdb refuses to run as root
    except KeyError:
        pytest.fail(_MISSING.format(what="no user 'postgres'"), pytrace=False)
    folder = Path(tempfile.mkdtemp(prefix="gw-pg-"))
    rights = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}

    def run(program: str, *arguments: str) -> None:
        # Not to a pipe: the server inherits it and would hold it open after pg_ctl has ended.
        with (folder / "said").open("a") as said:
            command = [programs / program, "-D", folder / "data", *arguments]
            done = subprocess.run(
                command, check=False, cwd=folder, env=environment, stdout=said, stderr=said, timeout=600, **rights
            )
        if done.returncode:
            said_all = "".join(p.read_text(errors="replace") for p in (folder / "said", folder / "log") if p.exists())
            raise RuntimeError(f"{program} failed:\n{said_all}")

    try:
        run("initdb", "-U", "gridwright", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        port = _free_port()
        settings = f"-p {port} -k {folder} -h 127.0.0.1 -c fsync={'on' if is_durable else 'off'}"
        run("pg_ctl", "-w", "-t", "500", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            yield URL.create(
                "postgresql+psycopg", username="gridwright", host="127.0.0.1", port=port, database="postgres"
            )
        finally:
            run("pg_ctl", "-m", "immediate", "-t", "500", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """Folder of the newest server programs on this machine that have PostGIS."""
    installed = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if p.parent.name.isdigit()]
    folders = sorted(installed, key=lambda p: int(p.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    folders += [Path(on_path).resolve().parent] if on_path else []
    found = [folder for folder in folders if (folder / "initdb").exists()]
    if not found:
        pytest.fail(_MISSING.format(what="no server programs (initdb)"), pytrace=False)
    with_postgis = [f for f in found if _has_postgis(f)]
    if not with_postgis:
        pytest.fail(_MISSING.format(what=f"{found[0]}, but no PostGIS beside it"), pytrace=False)
    return with_postgis[0]


def _has_postgis(programs: Path) -> bool:
    config = programs / "pg_config"
    if config.exists():
        said = subprocess.run([config, "--sharedir"], capture_output=True, text=True, check=False).stdout.strip()
        return (Path(said) / "extension" / "postgis.control").exists()
    return (Path("/usr/share/postgresql") / programs.parent.name / "extension" / "postgis.control").exists()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
