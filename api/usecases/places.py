"""Where results go: checked before the work begins, so that nobody waits a minute to learn of a mistyped folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gis.errors import Fault, InputError
from gis.readers.guard import identify


def check_out(out: Path, suffixes: tuple[str, ...], sources: Iterable[Path] = ()) -> None:
    """Check that a file may be written at ``out``.

    Raises
    ------
    InputError
        ``out_wrong_suffix``, ``out_is_folder``, ``out_folder_missing``, ``out_is_source``.
    """
    faults = []
    file = str(out)
    if out.suffix.lower() not in suffixes:
        faults.append(Fault("out_wrong_suffix", {"file": file, "allowed": ", ".join(suffixes)}))
    faults += _place_faults(out)
    if out.exists() and any(source.exists() and source.samefile(out) for source in sources):
        faults.append(Fault("out_is_source", {"file": file}))
    if faults:
        raise InputError.of(faults)


def check_place(out: Path) -> None:
    """Check that a file of any kind may be written at ``out``.

    Raises
    ------
    InputError
        ``out_is_folder``, ``out_folder_missing``.
    """
    faults = _place_faults(out)
    if faults:
        raise InputError.of(faults)


def check_sources(sources: Iterable[Path]) -> None:
    """Check that every source exists and is given once.

    Raises
    ------
    InputError
        ``file_not_found``, ``file_is_not_local``, ``source_given_twice``: one fault per file.
    """
    faults = []
    seen: set[Path] = set()
    for path in sources:
        if not path.exists():
            try:
                identify(path)
            except InputError as error:
                faults.extend(error.faults)
        elif path.resolve() in seen:
            faults.append(Fault("source_given_twice", {"file": str(path)}))
        seen.add(path.resolve())
    if faults:
        raise InputError.of(faults)


def _place_faults(out: Path) -> list[Fault]:
    if out.is_dir():
        return [Fault("out_is_folder", {"file": str(out)})]
    if not out.parent.is_dir():
        return [Fault("out_folder_missing", {"file": str(out), "measured": str(out.parent)})]
    return []
