"""Folders that a use case fills and may fill again: names of files in them, and whether an earlier one may go.

Every such folder has an index (``summary.json``, ``report.json``) that says what made it and lists its files; by this
a later run knows the folder as its own.  Nothing else is ever deleted.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.usecases.filing_folder import some
from gis.errors import InputError

# What file managers leave behind by themselves.
_DROPPINGS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_LONGEST_NAME = 80


def may_replace(folder: Path, index: str, form: str) -> bool:
    """Whether a folder was made by an earlier run of the same kind and holds nothing else.

    Parameters
    ----------
    folder
        Where results are to go.
    index
        Name of the index file.
    form
        What the index must state as its ``form``.

    Returns
    -------
    bool
        False where there is no folder or an empty one: nothing to replace.

    Raises
    ------
    InputError
        ``out_folder_missing``, ``results_not_a_folder``, ``results_folder_taken``, ``results_holds_other_files``.
    """
    if not folder.absolute().parent.is_dir():
        raise InputError("out_folder_missing", file=str(folder), measured=str(folder.parent))
    if not folder.exists():
        return False
    if not folder.is_dir():
        raise InputError("results_not_a_folder", file=str(folder))
    present = sorted(path.name for path in folder.iterdir() if path.name not in _DROPPINGS)
    if not present:
        return any(folder.iterdir())
    listed = _listed(folder / index, form)
    if listed is None:
        raise InputError("results_folder_taken", file=str(folder), measured=len(present), allowed=index)
    others = [name for name in present if name not in listed and name != index]
    if others:
        raise InputError("results_holds_other_files", file=str(folder), measured=len(others), id=some(others))
    return True


def write_index(folder: Path, index: str, form: str, content: Mapping[str, Any]) -> None:
    """Write the index: its form first, its content, and the names of all files in the folder last."""
    files = sorted(path.name for path in folder.iterdir())
    text = json.dumps({"form": form, **content, "files": files}, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / index).write_text(text + "\n", encoding="utf-8", newline="\n")


def file_stem(id: str) -> str:
    """A file name for an id that came from a file: the id itself where that is a harmless name.

    Ids that are not (separators, control characters, very long) get their odd characters replaced and a short sum
    after them, so that two ids never share a name.
    """
    clean = re.sub(r"[^\w.+\-]", "_", id)[:_LONGEST_NAME].lstrip(".")
    if clean == id:
        return id
    return f"{clean}-{hashlib.sha256(id.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _listed(path: Path, form: str) -> set[str] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["form"] != form:
            return None
        return {str(name) for name in content["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None
