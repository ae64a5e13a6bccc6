"""From an address, a point or a grid code to its grid.

A `Book` joins the address index, which knows no plan, with the grids of a plan, which know no addresses: a row of the
index is in the grid of its building, and where that is not a member of any, in the grid its point lies in.  A new plan
swaps that one array.  What was meant by a text is decided in `gis.address`; here is decided which grid follows from
it, and how sure that is: where every address that may be meant lies in one grid, the grid is certain though the
building is not.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from api.usecases.look_up_answers import MOST_CANDIDATES, Answer, Choice
from api.usecases.look_up_grids import NOWHERE, KnownGrids, Successor

if TYPE_CHECKING:
    from gis.address import AddressIndex, Candidate, Match

_FEW = 2_000  # rows that are joined one by one before the array for all of them is made
_LONGEST_CODE = 40


class Book:
    """Looks up addresses, points and codes in one set of grids.  May be used by many threads.

    Parameters
    ----------
    index
        The addresses; ``None`` where only points and codes are looked up.
    grids
        The grids to answer with.
    """

    def __init__(self, index: AddressIndex | None, grids: KnownGrids) -> None:
        self.index, self.grids = index, grids
        self._grid_of: NDArray[np.int32] | None = None
        self._lock = threading.Lock()
        self._inside = lru_cache(maxsize=64)(grids.inside)

    @classmethod
    def of(cls, index: AddressIndex | None, grids: KnownGrids) -> Self:
        """A book that is ready for many questions: every address is joined with its grid."""
        book = cls(index, grids)
        if index is not None:
            book.grid_of()
        return book

    def with_plan(self, grids: KnownGrids) -> Self:
        """The same addresses with other grids: one array is made anew, the index stays the very same."""
        return type(self).of(self.index, grids)

    def grid_of(self) -> NDArray[np.int32]:
        """Row of the grid of every row of the index (`NOWHERE`: in none)."""
        with self._lock:
            if self._grid_of is None:
                assert self.index is not None
                self._grid_of = self._join(np.arange(len(self.index), dtype=np.int32))
                self._grid_of.setflags(write=False)
            return self._grid_of

    def look_up(self, text: str, jurisdiction: str = "") -> Answer:
        """The answer to one text: an address, or the code of a grid.

        Parameters
        ----------
        text
            What was asked; anything at all.
        jurisdiction
            Beginning of the community codes that the asker may see; what lies elsewhere is as if it did not exist.
        """
        return self.look_up_many([text], jurisdiction)[0]

    def look_up_many(self, texts: Sequence[str], jurisdiction: str = "") -> list[Answer]:
        """The answers to many texts, each the same as by itself, in their order."""
        inside = self._inside(jurisdiction)
        answers: list[Answer | None] = [self._of_code(text, inside) for text in texts]
        rest = [i for i, answer in enumerate(answers) if answer is None]
        asked = [texts[i] for i in rest]
        if self.index is None:
            matches: Iterable[Match] = ()
            answers = [
                answer or Answer(text, "not_found", reasons=("nothing_known",)) for text, answer in zip(texts, answers)
            ]
        elif len(asked) == 1:
            matches = [self.index.find(asked[0])]
        else:
            matches = self.index.find_many(asked) if asked else ()
        for i, match in zip(rest, matches):
            answers[i] = self._of_match(texts[i], match, inside)
        return [answer for answer in answers if answer is not None]

    def look_up_points(self, lon: ArrayLike, lat: ArrayLike, jurisdiction: str = "") -> list[Answer]:
        """The answers to many points in longitude and latitude (WGS 84), in their order."""
        x, y = (np.atleast_1d(np.asarray(values, dtype=np.float64)) for values in (lon, lat))
        inside = self._inside(jurisdiction)
        sound = _on_earth(x, y)
        row, on_border = np.full(len(x), NOWHERE, np.int32), np.zeros(len(x), bool)
        places = self.grids.places
        row[sound], on_border[sound] = places.find_many(x[sound], y[sound], inside)
        swapped = np.full(len(x), NOWHERE, np.int32)
        lost = np.flatnonzero((row == NOWHERE) & _on_earth(y, x))
        if len(lost):
            swapped[lost] = places.find_many(y[lost], x[lost], inside)[0]
        near, far = np.full(len(x), NOWHERE, np.int64), np.full(len(x), np.inf)
        away = np.flatnonzero((row == NOWHERE) & (swapped == NOWHERE) & sound)
        if len(away):
            near[away], far[away] = places.nearest(x[away], y[away], inside)
        return [
            self._of_point(*one)
            for one in zip(
                x.tolist(), y.tolist(), row.tolist(), on_border.tolist(), swapped.tolist(), near.tolist(), far.tolist()
            )
        ]

    def _of_point(
        self, lon: float, lat: float, row: int, on_border: bool, swapped: int, near: int, far: float
    ) -> Answer:
        query = f"{lon!r},{lat!r}"
        code = self.grids.code
        if row != NOWHERE:
            reasons = ("on_border",) if on_border else ()
            answer = Answer(query, "exact", confidence=1.0, lon=lon, lat=lat, reasons=reasons)
            return self._in_grid(answer, row)
        answer = Answer(query, "not_found", plan=self.grids.the_plan)
        if swapped != NOWHERE:
            return replace(answer, lon=lon, lat=lat, reasons=("lon_lat_swapped",), facts={"id": code[swapped]})
        if not _on_earth(np.array([lon]), np.array([lat]))[0]:
            column, value, allowed = ("lat", lat, "-90 ... 90") if abs(lon) <= 180 else ("lon", lon, "-180 ... 180")
            facts = {"column": column, "measured": repr(value), "allowed": allowed}
            return replace(answer, reasons=("point_unreadable",), facts=facts)
        if near == NOWHERE:
            return replace(answer, lon=lon, lat=lat, reasons=("no_grids",))
        facts = {"id": code[near], "distance_m": round(far) if far >= 10 else round(far, 2)}
        return replace(answer, lon=lon, lat=lat, reasons=("outside",), facts=facts)

    def _of_code(self, text: str, inside: NDArray[np.bool_] | None) -> Answer | None:
        """The answer where the text is the code of a grid, in force or retired; else ``None``."""
        code = text.strip()
        if len(code) > _LONGEST_CODE:
            return None
        grids = self.grids
        row = grids.row_of_code.get(code, NOWHERE)
        if row != NOWHERE and _is_inside(row, inside):
            return self._of_grid(Answer(text, "exact", confidence=1.0, reasons=("grid_code",), matched=code), row)
        if code not in grids.retired:
            return None
        heirs = [heir for heir in grids.successors.get(code, ()) if _is_inside(grids.row_of_code[heir.grid], inside)]
        facts = {"id": code}
        if len(heirs) == 1:
            answer = Answer(text, "exact", confidence=1.0, reasons=("code_retired",), facts=facts, matched=code)
            return self._of_grid(answer, grids.row_of_code[heirs[0].grid])
        if heirs:
            return Answer(
                text,
                "ambiguous",
                plan=grids.the_plan,
                confidence=min(heirs[0].share_frac, 1.0),
                reasons=("several_successors",),
                facts=facts,
                candidates=tuple(self._heir(heir) for heir in heirs[:MOST_CANDIDATES]),
                grids=tuple(sorted(heir.grid for heir in heirs)),
                matched=code,
            )
        if inside is not None:
            return None
        return Answer(text, "not_found", plan=grids.the_plan, reasons=("code_retired_before",), facts=facts)

    def _of_grid(self, answer: Answer, row: int) -> Answer:
        lon, lat = self.grids.places.middle(row)
        return self._in_grid(replace(answer, lon=round(lon, 7), lat=round(lat, 7)), row)

    def _heir(self, heir: Successor) -> Choice:
        row = self.grids.row_of_code[heir.grid]
        name, community = self.grids.name[row], self.grids.community[row]
        return Choice(None, name, heir.grid, community, None, None, (), round(heir.share_frac, 4))

    def _of_match(self, text: str, match: Match, inside: NDArray[np.bool_] | None) -> Answer:
        candidates = match.candidates[:MOST_CANDIDATES]
        among = np.unique(np.concatenate([match.among, [c.row for c in candidates]]).astype(np.int32))
        grid = self._grids_of(among)
        if inside is not None and len(among):
            seen = _seen(grid, inside)
            among, grid = among[seen], grid[seen]
            shown = set(among.tolist())
            is_lost = bool(candidates) and match.row is not None and candidates[0].row not in shown
            candidates = tuple(candidate for candidate in candidates if candidate.row in shown)
            if match.status != "not_found" and (is_lost or not len(among)):
                return Answer(text, "not_found", plan=self.grids.the_plan, reasons=("nothing_known",))
        grid_of = dict(zip(among.tolist(), grid.tolist()))
        answer = Answer(
            text,
            match.status,
            plan=self.grids.the_plan,
            confidence=round(match.confidence, 3),
            reasons=match.reasons,
            candidates=tuple(self._choice(candidate, grid_of[candidate.row]) for candidate in candidates),
            matched=match.matched,
            dropped=match.dropped,
        )
        if match.status in ("exact", "building"):
            return self._of_building(answer, candidates[0].row, grid_of)
        return self._of_several(answer, grid)

    def _of_building(self, answer: Answer, row: int, grid_of: Mapping[int, int]) -> Answer:
        index = self.index
        assert index is not None
        lon, lat = _degree(index.lon[row]), _degree(index.lat[row])
        building, text = index.building_id(row), index.text(row)
        answer = replace(answer, building=building, matched_text=text, lon=lon, lat=lat)
        if grid_of[row] != NOWHERE:
            return self._in_grid(answer, grid_of[row])
        return replace(answer, reasons=("not_in_plan", *answer.reasons))

    def _of_several(self, answer: Answer, grid: NDArray[np.int32]) -> Answer:
        """The grid where there is but one, though the building may be any of several."""
        rows = sorted(set(grid.tolist()))
        if not rows or answer.status == "not_found":
            return answer if answer.reasons else replace(answer, reasons=("not_sure_enough",))
        codes = tuple(self.grids.code[row] for row in rows if row != NOWHERE)
        if len(rows) > 1 or not codes:
            reason = "grids_differ" if codes else "not_in_plan"
            facts = {"measured": len(codes)}
            return replace(answer, grids=tuple(sorted(codes)), reasons=(*answer.reasons, reason), facts=facts)
        reasons = answer.reasons
        if not any(reason.startswith("grid_by_") for reason in reasons):
            reasons = (*reasons, "grid_by_candidates")
        return self._in_grid(replace(answer, reasons=reasons), rows[0])

    def _in_grid(self, answer: Answer, row: int) -> Answer:
        grids = self.grids
        code = grids.code[row]
        return replace(
            answer,
            grid=code,
            name=grids.name[row],
            community=grids.community[row],
            plan=grids.plan[row],
            grids=(code,),
        )

    def _choice(self, candidate: Candidate, grid: int) -> Choice:
        index, grids, row = self.index, self.grids, candidate.row
        assert index is not None
        is_in = grid != NOWHERE
        return Choice(
            index.building_id(row),
            index.text(row),
            grids.code[grid] if is_in else None,
            grids.community[grid] if is_in else None,
            _degree(index.lon[row]),
            _degree(index.lat[row]),
            candidate.reasons,
            round(candidate.score_frac, 4),
        )

    def _grids_of(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        if self._grid_of is None and len(rows) < _FEW:
            return self._join(rows)
        return self.grid_of()[rows]

    def _join(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        index, grid_of = self.index, self.grids.grid_of_building
        assert index is not None
        found = np.fromiter(
            (grid_of.get(index.building_id(row) or "", NOWHERE) for row in rows.tolist()), np.int32, len(rows)
        )
        rest = rows[found == NOWHERE]
        if len(rest):
            lon, lat = np.asarray(index.lon)[rest], np.asarray(index.lat)[rest]
            placed = _on_earth(lon, lat)
            at = np.full(len(rest), NOWHERE, np.int32)
            if placed.any():
                at[placed] = self.grids.places.find_many(lon[placed], lat[placed])[0]
            found[found == NOWHERE] = at
        return found


def _on_earth(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    sound: NDArray[np.bool_] = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    return sound


def _is_inside(row: int, inside: NDArray[np.bool_] | None) -> bool:
    return inside is None or bool(inside[row])


def _seen(grid: NDArray[np.int32], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    seen: NDArray[np.bool_] = np.append(inside, False)[grid]  # NOWHERE is the last one
    return seen


def _degree(value: Any) -> float | None:
    return round(float(value), 7) if np.isfinite(value) else None
