"""The job that makes the papers of a plan: more than a request should wait for where the plan is large."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.jobs.hold import Hold
from api.jobs.inputs import check_revision, digest_of_inputs
from api.usecases.filing_folder import FiledFile
from api.usecases.plan_papers import PACKED, order_of, write_papers
from data.store import Tx
from partition.executor import Executor


class Papers:
    """Papers of a plan as one ZIP file; params as of `api.jobs.params.papers_params`."""

    def __init__(self, hold: Hold, executor: Executor) -> None:
        self._hold = hold
        self._params = hold.card.params
        self._made: tuple[bytes, tuple[FiledFile, ...]] | None = None

    def prepare(self) -> str:
        """See `api.jobs.work.Work.prepare`."""
        hold = self._hold
        with hold.store.read(hold.card.jurisdiction) as tx:
            card = tx.plans.card(self._params["plan"])
        check_revision(card, self._params)
        return digest_of_inputs(card.content_id, self._params)

    def solve(self) -> Mapping[str, Any]:
        """See `api.jobs.work.Work.solve`."""
        content, _ = self._make()
        return {"content": hashlib.sha256(content).hexdigest(), "is_cut_short": False}

    def save(self, tx: Tx) -> Mapping[str, Any]:
        """See `api.jobs.work.Work.save`."""
        content, files = self._make()
        tx.jobs.files.keep(self._hold.card.id, PACKED, content)
        shown = [{"name": file.name, "bytes": file.bytes, "paper": file.what.removeprefix("paper_")} for file in files]
        return {"plan": self._params["plan"], "bytes": len(content), "files": shown}

    def _make(self) -> tuple[bytes, tuple[FiledFile, ...]]:
        if self._made is None:
            hold, params = self._hold, self._params

            with tempfile.TemporaryDirectory(prefix="gridwright-papers-") as folder:

                def territory_of(id: str) -> Any:
                    with hold.store.read() as tx:
                        return tx.territories.load(id, hold)

                order = order_of(hold.store, params["plan"], hold.card.jurisdiction, territory_of)
                made = write_papers(
                    order, Path(folder), language=params["language"], paper=params["paper"], progress=hold
                )
                hold.check()
                self._made = made.path.read_bytes(), made.files
        return self._made
