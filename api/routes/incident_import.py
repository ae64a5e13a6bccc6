"""Files of incidents over HTTP: row by row new, known or refused, with a receipt in JSON or as a table."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO, Annotated, Any, BinaryIO, Literal

import orjson
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute

from api.http.guard import TABLE
from api.http.negotiate import preferred
from api.http.openapi import responses
from api.http.schemas import Line
from api.problems import Refusal
from api.routes.acts import act_of, store_of
from api.routes.incidents import Dispatcher, ground_of
from api.routes.lookup import books_of, without_words
from api.routes.turns import Turns
from partition.incidents.flow import RESULTS, STATES

_JSON, _CSV = "application/json", "text/csv"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TAKEN = (_CSV, _XLSX, "application/geo+json", "application/zip", "application/octet-stream")
_BODY = {
    "requestBody": {
        "required": True,
        "description": "CSV, XLSX, GeoJSON, another vector file, or a zip with one of them; at most 200,000 rows",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _TAKEN},
    }
}
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "What became of every row",
        "content": {_JSON: {"schema": {"type": "object"}}, _CSV: {"schema": {"type": "string"}}},
    }
}


class _Upload(APIRoute):
    """Files are read piece by piece (see `api.http.guard`)."""

    tables = frozenset(_TAKEN)


router = APIRouter(tags=["incidents"])
_upload = APIRouter(tags=["incidents"], route_class=_Upload)
Words = Annotated[list[Annotated[str, Query(max_length=200)]], Query(max_length=200)]


@_upload.post(
    "/v1/incidents/import",
    summary="Take a file of incidents in",
    response_class=Response,
    responses=responses(409, 422, 507) | _ANSWER,
    openapi_extra=_BODY,
)
async def import_file(
    request: Request,
    caller: Dispatcher,
    map: Annotated[Words, Query(description="THEIRS=OURS: which column is which")] = [],  # noqa: B006
    value: Annotated[Words, Query(description="COLUMN:THEIRS=OURS: what a word means")] = [],  # noqa: B006
    kind: Annotated[Line | None, Query(description="Of rows that say none")] = None,
    priority: Annotated[Literal["1", "2", "3"], Query(description="Of rows that say none")] = "3",
    state: Annotated[Literal[STATES], Query(description="Of rows that say none")] = "received",  # type: ignore[valid-type]
    result: Annotated[Literal[RESULTS] | None, Query(description="Of rows that say none")] = None,  # type: ignore[valid-type]
    zone: Annotated[str, Query(max_length=60, description="Of moments that name none")] = "Asia/Shanghai",
    closed_after: Annotated[
        float | None,
        Query(ge=0, le=5_256_000, description="Rows that are over and do not say when: minutes after their receipt"),
    ] = None,
    system: Annotated[Line | None, Query(description="Where the ids of the file come from")] = None,
    crs: Annotated[Literal["wgs84", "gcj02"], Query(description="What coordinates are in")] = "wgs84",
    encoding: Annotated[str | None, Query(max_length=40, description="Of a CSV file; found where omitted")] = None,
    name: Annotated[Line | None, Query(description="What the file is called")] = None,
    rows: Annotated[Literal["all", "refused"], Query(description="Which rows the receipt lists")] = "all",
) -> Response:
    """The good rows go in together; the same file again changes nothing.

    A row without an id is known by what it says.  As a table (``Accept: text/csv``) the receipt has a line a row; with
    ``rows=refused`` it is the refused rows as they were sent, to be mended and sent again.
    """
    file: BinaryIO | None = request.scope.get(TABLE)
    if file is None:
        raise Refusal(400, "incident_import_body_missing")
    gives = preferred(request.headers.get("accept", ""), (_JSON, _CSV)) or _JSON
    act, app = act_of(request, caller), request.app

    def take() -> Response:
        from api.usecases.import_incidents import import_incidents
        from api.usecases.incident_cells import ImportOptions
        from api.usecases.incident_receipt import receipt_csv, receipt_data, refused_csv
        from api.usecases.incident_table import TARGETS
        from api.usecases.incident_words import read_map, read_values

        options = ImportOptions(
            columns=read_map(map, TARGETS),
            values=read_values(value),
            kind=kind or "",
            priority=int(priority),
            state=str(state),
            result=str(result or ""),
            zone=zone,
            system=system or "",
            closed_after_min=closed_after,
            is_gcj02=crs == "gcj02",
            encoding=encoding,
        )

        def look_up(texts: Any) -> Any:
            with without_words():
                return books_of(app).ask_current(caller.jurisdiction).look_up_many(texts)

        with _on_disk(file) as path:
            receipt = import_incidents(
                store_of(request),
                path,
                act,
                caller.role,
                options,
                name=name or "upload",
                look_up=look_up,
                ground=ground_of(app),
            )
        headers = {"Cache-Control": "no-store", "Vary": "Accept, Cookie, Authorization"}
        if gives == _CSV:
            lines = refused_csv(receipt) if rows == "refused" else receipt_csv(receipt)
            return StreamingResponse(_encoded(lines), headers=headers, media_type=_CSV)
        body = orjson.dumps(receipt_data(receipt, only_refused=rows == "refused"))
        return Response(body, headers=headers, media_type=_JSON)

    return await _turns(app).take(take)


router.routes.extend(_upload.routes)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Let the threads go when the service ends."""
    yield
    turns: Turns | None = getattr(app.state, "incident_imports", None)
    if turns is not None:
        turns.end()
        app.state.incident_imports = None


def _turns(app: FastAPI) -> Turns:
    found: Turns | None = getattr(app.state, "incident_imports", None)
    if found is None:
        found = app.state.incident_imports = Turns("incident-imports", "incident_import_busy")
    return found


@contextmanager
def _on_disk(upload: IO[bytes]) -> Iterator[Path]:
    """An upload as a file with a name (what it is, its content says), gone when it has been read."""
    with tempfile.TemporaryDirectory(prefix="gridwright-") as folder:
        path = Path(folder) / "upload.csv"
        with path.open("wb") as file:
            shutil.copyfileobj(upload, file, 1 << 20)
        yield path


def _encoded(lines: Iterator[str]) -> Iterator[bytes]:
    yield "\ufeff".encode()
    for line in lines:
        yield line.encode()
