"""The folder of a filing: which files it has, their list with sums, and whether an earlier one may be replaced.

What stands in the papers is decided elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from api.i18n import sentence
from gis.errors import InputError

MANIFEST = "manifest.json"
DATA = "data"
_MARK = "gridwright filing"
# What file managers leave behind by themselves.
_DROPPINGS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class FiledFile:
    """One file of a filing: name in the folder (with ``/``), size, SHA-256, and what it is (a message code)."""

    name: str
    bytes: int
    sha256: str
    what: str


def list_files(folder: Path, papers: Mapping[str, str]) -> tuple[FiledFile, ...]:
    """Every file in ``folder``, the papers first and in their order, then the data.

    Parameters
    ----------
    folder
        Folder of the filing.
    papers
        File name to what it is (a message code), in the order of the list.
    """
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    order = {name: position for position, name in enumerate(papers)}
    names.sort(key=lambda name: (order.get(name, len(order)), name))
    files = []
    for name in names:
        content = (folder / name).read_bytes()
        what = papers.get(name) or f"paper_{_form(name)}"
        files.append(FiledFile(name, len(content), hashlib.sha256(content).hexdigest(), what))
    return tuple(files)


def write_list(
    path: Path, files: Sequence[FiledFile], facts: Mapping[str, Any], notes: Sequence[str], language: str
) -> None:
    """Write the list of a filing for people: text that Notepad and vi open alike.

    Parameters
    ----------
    path
        File to write.
    files
        What is in the folder.
    facts
        ``plan``, ``created_at``, ``territory``, ``version``: of the plan.
    notes
        Sentences on what a reader should know.
    language
        ``zh`` or ``en``.
    """
    lines = [sentence("filing_list_title", facts, language), ""]
    lines += [sentence(f"filing_list_{key}", {key: facts[key]}, language) for key in facts if facts[key]]
    lines += ["", sentence("filing_list_files", {"measured": len(files)}, language), ""]
    for file in files:
        lines += [
            f"{file.name}",
            "    " + sentence(file.what, {}, language),
            "    " + sentence("filing_list_file", {"measured": str(file.bytes), "sha256": file.sha256}, language),
        ]
    if notes:
        lines += ["", sentence("filing_list_notes", {}, language), "", *(f"- {note}" for note in notes)]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("utf-8-sig"))


def write_manifest(folder: Path, files: Sequence[FiledFile], facts: Mapping[str, Any]) -> None:
    """Write the list of a filing for programs, by which a later filing knows the folder as its own."""
    content = {"form": _MARK, **facts, "files": [asdict(file) for file in files]}
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8", newline="\n")


def may_replace(folder: Path) -> bool:
    """Whether a folder is an earlier filing that may be replaced.

    Data files may have been opened and touched by other programs; papers must be as they were filed, for what
    somebody wrote into them would be lost.

    Returns
    -------
    bool
        False where there is no folder or an empty one: nothing to replace.

    Raises
    ------
    InputError
        ``filing_not_a_folder``, ``filing_folder_taken``, ``filing_holds_other_files``, ``filing_changed_by_hand``.
    """
    if not folder.exists():
        return False
    if not folder.is_dir():
        raise InputError("filing_not_a_folder", file=str(folder))
    present = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not _is_folder(path))
    present = [name for name in present if PurePosixPath(name).name not in _DROPPINGS]
    if not present and not any(folder.iterdir()):
        return False
    listed = _listed(folder)
    if listed is None:
        raise InputError("filing_folder_taken", file=str(folder), measured=len(present))
    others = [name for name in present if name not in listed and name != MANIFEST]
    if others:
        raise InputError("filing_holds_other_files", file=str(folder), measured=len(others), id=some(others))
    changed = [
        name
        for name in present
        if name != MANIFEST and not name.startswith(f"{DATA}/") and _sum(folder / name) != listed[name]
    ]
    if changed:
        raise InputError("filing_changed_by_hand", file=str(folder), measured=len(changed), id=some(changed))
    return True


def _listed(folder: Path) -> dict[str, str] | None:
    """File name to its sum by the manifest of a folder; ``None`` where it is no filing of ours."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if content["form"] != _MARK:
            return None
        return {str(file["name"]): str(file["sha256"]) for file in content["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _form(name: str) -> str:
    """What a data file is, by its ending."""
    path = PurePosixPath(name)
    return {".shx": "shp", ".prj": "shp", ".cpg": "shp", ".csv": "fields"}.get(
        path.suffix, path.suffix.removeprefix(".")
    )


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def some(names: Sequence[str]) -> str:
    """The first few names, and a sign that there are more."""
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
