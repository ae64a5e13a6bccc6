"""From an address, a point or a grid code to its grid.

A `Book` joins the address index, which knows no plan, with the grids of a plan, which know no addresses: a row of the
index is in the grid of its building, and where that is not a member of any, in the grid its point lies in.  A new plan
swaps that one array.  What was meant by a text is decided in `gis.address`; here is decided which grid follows from
it, and how sure that is: where every address that may be meant lies in one grid, the grid is certain though the
building is not.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from api.usecases.look_up_answers import MOST_CANDIDATES, Answer, Choice
from api.usecases.look_up_grids import NOWHERE, KnownGrids, Successor

if TYPE_CHECKING:
    from gis.address import AddressIndex, Candidate, Match

_FEW = 2_000  # rows that are joined one by one before the array for all of them is made
_LONGEST_CODE = 40
_IN_DOUBT = frozenset({"corrected", "district_differs", "town_differs", "community_differs"})
"""Reasons with which a street or an estate is a guess: nothing else confirms it where the building is not known."""


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
        answers = [self._of_code(text, inside) for text in texts]
        rest = [place for place, answer in enumerate(answers) if answer is None]
        for place, answer in zip(rest, self._of_addresses([texts[place] for place in rest], inside)):
            answers[place] = answer
        return [answer for answer in answers if answer is not None]

    def _of_addresses(self, texts: Sequence[str], inside: NDArray[np.bool_] | None) -> Iterator[Answer]:
        if self.index is None:
            for text in texts:
                yield Answer(text, "not_found", plan=self.grids.the_plan, reasons=("no_addresses",))
            return
        matches = self.index.find_many(texts)
        found = self._choices([one for match in matches for one in match.candidates[:MOST_CANDIDATES]])
        for text, match in zip(texts, matches):
            mine = list(islice(found, min(len(match.candidates), MOST_CANDIDATES)))
            yield self._of_match(text, match, mine, inside)

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

    def _of_match(
        self, text: str, match: Match, found: list[tuple[Choice, int]], inside: NDArray[np.bool_] | None
    ) -> Answer:
        """The answer that a match leads to; ``found``: its candidates, each with the row of its grid."""
        among, is_building = match.among, match.row is not None
        if inside is not None:
            seen = [one for one in found if one[1] != NOWHERE and inside[one[1]]]
            among = among if is_building else among[_seen(self._grids_of(among), inside)]
            is_lost = seen[:1] != found[:1] if is_building else match.status != "not_found" and not len(among)
            if is_lost:
                return Answer(text, "not_found", plan=self.grids.the_plan, reasons=("nothing_known",))
            found = seen
        choices = tuple([choice for choice, _ in found])
        if is_building:
            return self._of_building(text, match, choices, found[0][1])
        answer = Answer(
            text,
            match.status,
            plan=self.grids.the_plan,
            confidence=round(match.confidence, 3),
            reasons=match.reasons or ("not_sure_enough",),
            candidates=choices,
            matched=match.matched,
            dropped=match.dropped,
        )
        return answer if match.status == "not_found" else self._of_several(answer, among, [grid for _, grid in found])

    def _of_building(self, text: str, match: Match, choices: tuple[Choice, ...], grid: int) -> Answer:
        grids, first, is_in = self.grids, choices[0], grid != NOWHERE
        return Answer(
            text,
            match.status,
            first.grid,
            grids.name[grid] if is_in else None,
            first.community,
            first.building,
            first.address,
            round(match.confidence, 3),
            first.lon,
            first.lat,
            grids.plan[grid] if is_in else grids.the_plan,
            match.reasons if is_in else ("not_in_plan", *match.reasons),
            candidates=choices,
            grids=(grids.code[grid],) if is_in else (),
            matched=match.matched,
            dropped=match.dropped,
        )

    def _of_several(self, answer: Answer, among: NDArray[np.int32], held: Sequence[int]) -> Answer:
        """The grid where there is but one, though the building may be any of several."""
        reasons = answer.reasons
        rows = set(self._grids_of(among).tolist())
        if answer.status == "ambiguous":
            rows.update(held)
            if len(among) < 2:
                # Something like it, and perhaps not it at all: where it lies proves no grid.
                return replace(answer, grids=self._codes(rows))
        elif not _IN_DOUBT.isdisjoint(reasons):
            kept = (reason for reason in reasons if reason != "grid_by_side")
            return replace(answer, grids=self._codes(rows), reasons=(*kept, "place_unsure"))
        if "grid_by_side" in reasons:
            reasons = tuple(reason for reason in reasons if reason != "grid_by_side")
            rows, why = self._of_side(answer.query, among, rows)
            if why == "beyond_known":
                return replace(answer, grids=self._codes(rows), reasons=(*reasons, why))
            reasons = (*reasons, why) if why else reasons
        codes = self._codes(rows)
        if len(rows) != 1 or not codes:
            reason = "grids_differ" if codes else "not_in_plan"
            facts = {"measured": len(codes)}
            return replace(answer, grids=codes, reasons=(*reasons, reason), facts=facts)
        if not any(reason.startswith("grid_by_") for reason in reasons):
            reasons = (*reasons, "grid_by_candidates")
        return self._in_grid(replace(answer, reasons=reasons), min(rows))

    def _of_side(self, text: str, among: NDArray[np.int32], rows: set[int]) -> tuple[set[int], str]:
        """Of a door that does not exist: the grids it may lie in, and why."""
        from api.usecases.look_up_sides import Side

        assert self.index is not None
        side = Side.of(self.index, text, among)
        if len(rows) == 1:
            return rows, "grid_by_side" if side is not None and side.reaches() else "beyond_known"
        beside = set() if side is None else set(self._grids_of(side.neighbours()).tolist())
        return (beside, "grid_by_neighbours") if len(beside) == 1 else (rows, "")

    def _codes(self, rows: Iterable[int]) -> tuple[str, ...]:
        return tuple(sorted(self.grids.code[row] for row in rows if row != NOWHERE))

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

    def _choices(self, candidates: Sequence[Candidate]) -> Iterator[tuple[Choice, int]]:
        """What is known of some candidates, each with the row of its grid."""
        index, grids = self.index, self.grids
        assert index is not None
        rows = np.fromiter((candidate.row for candidate in candidates), np.int32, len(candidates))
        lon, lat = (np.round(np.asarray(axis)[rows], 7).tolist() for axis in (index.lon, index.lat))
        for candidate, row, x, y, grid in zip(candidates, rows.tolist(), lon, lat, self._grids_of(rows).tolist()):
            choice = Choice(
                index.building_id(row),
                index.text(row),
                grids.code[grid] if grid != NOWHERE else None,
                grids.community[grid] if grid != NOWHERE else None,
                x if x == x else None,  # NaN is not itself
                y if y == y else None,
                candidate.reasons,
                round(candidate.score_frac, 4),
            )
            yield choice, grid

    def _grids_of(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        if self._grid_of is None and len(rows) < _FEW:
            return self._join(rows)
        return self.grid_of()[rows]

    def _join(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """By the building where it is a member of a grid, else by the point."""
        index, grid_of = self.index, self.grids.grid_of_building
        assert index is not None
        place = index.building_of_row[rows]
        if len(rows) < _FEW:
            named = [index.building_id(row) for row in rows.tolist()]
            found = np.array([grid_of.get(one, NOWHERE) if one else NOWHERE for one in named], dtype=np.int32)
        else:
            of_place = [grid_of.get(one, NOWHERE) for one in index.building_ids]
            found = np.array([*of_place, NOWHERE], dtype=np.int32)[place]  # no building is the last one
        rest = np.flatnonzero(found == NOWHERE)
        lon, lat = np.asarray(index.lon)[rows[rest]], np.asarray(index.lat)[rows[rest]]
        placed = _on_earth(lon, lat)
        if placed.any():
            found[rest[placed]] = self.grids.places.find_many(lon[placed], lat[placed])[0]
        return found


def _on_earth(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    sound: NDArray[np.bool_] = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    return sound


def _is_inside(row: int, inside: NDArray[np.bool_] | None) -> bool:
    return inside is None or bool(inside[row])


def _seen(grid: NDArray[np.int32], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    seen: NDArray[np.bool_] = np.append(inside, False)[grid]  # NOWHERE is the last one
    return seen
