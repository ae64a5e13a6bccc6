"""The papers of a plan over HTTP: one at once, all of them at once or by a job that says how far it is."""

from __future__ import annotations

import mimetypes
import shutil
import tempfile
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import Field
from starlette.background import BackgroundTask

from api.http.openapi import responses
from api.http.schemas import Body, Line
from api.jobs.params import papers_params
from api.problems import Refusal
from api.routes.acts import language_of, store_of
from api.routes.jobs import JobId, JobOut, ask_job, narrower
from api.routes.plans import Officer, PlanId, Reader, desk_of
from api.routes.repeats import KEY_PARAMETER
from data.store import Tx
from data.store.rooms.jobs import JobCard

router = APIRouter(tags=["plans"])
Paper = Literal["register", "atlas", "changes", "crosswalk", "statistics", "notice", "map", "change_map"]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_KINDS = {".xlsx": _XLSX, ".pdf": "application/pdf", ".html": "text/html", ".zip": "application/zip"}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "All papers as a ZIP, or the one asked for",
        "content": dict.fromkeys(_KINDS.values(), _BINARY),
    }
}
_HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


class PapersIn(Body):
    """How the papers are to be."""

    paper: Literal["A4", "A3"] = "A4"
    lang: Literal["zh", "en"] | None = Field(
        None, description="Language of the papers; that of the request when omitted"
    )


@router.get(
    "/v1/plans/{plan}/file",
    summary="The papers of a plan",
    response_class=FileResponse,
    responses={**responses(404, 409, 507), **_FILE},
)
def file_papers(
    request: Request,
    caller: Reader,
    plan: PlanId,
    paper: Literal["A4", "A3"] = "A4",
    lang: Annotated[Literal["zh", "en"] | None, Query(description="Language of the papers")] = None,
    only: Annotated[Paper | None, Query(description="This paper alone, in place of a ZIP with all of them")] = None,
) -> Response:
    """Register, atlas, change list, crosswalk, statistics, notices, maps and data files of a sound plan, as a ZIP."""
    from api.usecases.plan_papers import order_of, write_paper, write_papers

    desk = desk_of(request)
    if not desk.papers.acquire(blocking=False):
        raise Refusal(429, "papers_busy", headers={"Retry-After": "10"}, allowed=10)
    folder = FilePath(tempfile.mkdtemp(prefix="gridwright-papers-"))
    language = lang or language_of(request)
    try:
        order = order_of(store_of(request), plan, caller.jurisdiction, desk.territory)
        if only is None:
            path = write_papers(order, folder, language=language, paper=paper).path
        else:
            path = write_paper(order, folder, only, language=language, paper=paper)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        desk.papers.release()
    tidy = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(path, media_type=_kind_of(path.name), filename=path.name, headers=_HEADERS, background=tidy)


@router.post(
    "/v1/plans/{plan}/papers",
    status_code=202,
    response_model=JobOut,
    summary="Have the papers of a plan made",
    responses=responses(404, 409, 507),
    openapi_extra={"parameters": [KEY_PARAMETER]},
)
def ask_papers(request: Request, caller: Officer, plan: PlanId, body: PapersIn) -> Response:
    """The same as `/file`, by a job: for plans of whole counties, whose papers take minutes."""

    def ask(tx: Tx) -> JobCard:
        card = tx.plans.card(plan)
        params = papers_params(plan, card.revision, language=body.lang or language_of(request), paper=body.paper)
        return tx.jobs.ask("papers", params, place=narrower(card.place, tx.jurisdiction))

    return ask_job(request, caller, body, ask)


@router.get(
    "/v1/jobs/{job}/papers",
    summary="Papers that a job made",
    response_class=Response,
    responses={**responses(404, 409), **_FILE},
)
def take_papers(
    request: Request,
    caller: Reader,
    job: JobId,
    only: Annotated[Line | None, Query(description="One paper: what it is, or its name in the job's result")] = None,
) -> Response:
    """All of them as a ZIP, or one; for thirty days after they were made."""
    from api.usecases.plan_papers import papers_of_job

    name, content = papers_of_job(store_of(request), job, only, caller.jurisdiction)
    ascii_name = name if name.isascii() else f"paper{FilePath(name).suffix}"
    given = f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=_kind_of(name), headers={**_HEADERS, "Content-Disposition": given})


def _kind_of(name: str) -> str:
    suffix = FilePath(name).suffix
    return _KINDS.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")
