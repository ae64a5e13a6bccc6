"""For tests of the merger wizard and of the life of a plan on the desk: a worker beside the service, steps, papers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from openpyxl import load_workbook
from playwright.sync_api import Page

from api.jobs.worker import Worker
from data.store import SqlStore
from tests.job_kit import now


@contextmanager
def at_work(store: SqlStore) -> Iterator[Worker]:
    """A worker beside the service; gone at the end."""
    worker = Worker(store, workers=1, now=now)
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield worker
    finally:
        worker.leave()
        thread.join(120)
        assert not thread.is_alive(), "the worker did not go"


def take_step(page: Page, state: str, becomes: str) -> None:
    """A step of the plan's life, by its button and the question that follows."""
    page.locator(f"[data-act={state}]").click()
    page.locator("dialog .main").click()
    page.locator(f"#plan-state.{becomes}").wait_for()


def download(page: Page, paper: str, folder: Path) -> Path:
    with page.expect_download() as got:
        page.locator(f"[data-act=paper-{paper}]").click()
    path = folder / got.value.suggested_filename
    got.value.save_as(path)
    return path


def cells(path: Path) -> set[str]:
    """Everything that stands in a workbook."""
    book = load_workbook(path, read_only=True)
    return {
        str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None
    }
