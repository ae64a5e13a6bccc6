"""Where results go: checked before the work begins, so that nobody waits a minute to learn of a mistyped folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gis.errors import Fault, InputError


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
    if out.is_dir():
        faults.append(Fault("out_is_folder", {"file": file}))
    elif not out.parent.is_dir():
        faults.append(Fault("out_folder_missing", {"file": file, "measured": str(out.parent)}))
    if out.exists() and any(source.exists() and source.samefile(out) for source in sources):
        faults.append(Fault("out_is_source", {"file": file}))
    if faults:
        raise InputError.of(faults)


def check_sources(sources: Iterable[Path]) -> None:
    """Check that every source exists.

    Raises
    ------
    InputError
        ``source_missing``, one fault per file.
    """
    faults = [Fault("source_missing", {"file": str(path)}) for path in sources if not path.exists()]
    if faults:
        raise InputError.of(faults)
