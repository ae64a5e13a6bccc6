"""Reading a PDF back: text with places, pictures of pages, fonts.  By another library than the one that wrote it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw

MM = 72.0 / 25.4


@contextmanager
def opened(path: Path) -> Iterator[pdfium.PdfDocument]:
    document = pdfium.PdfDocument(path)
    try:
        yield document
    finally:
        document.close()


def texts(path: Path) -> list[str]:
    """Text of each page, without spaces and line breaks."""
    with opened(path) as document:
        return ["".join(page.get_textpage().get_text_bounded().split()) for page in document]


def sizes_mm(path: Path) -> list[tuple[int, int]]:
    with opened(path) as document:
        return [(round(w / MM), round(h / MM)) for w, h in (page.get_size() for page in document)]


def character_boxes(path: Path, page: int) -> np.ndarray:
    """Left, bottom, right, top in millimetres of every character that leaves ink; pages count from 1."""
    with opened(path) as document:
        text = document[page - 1].get_textpage()
        every = range(text.count_chars())
        seen = [i for i in every if not text.get_text_range(i, 1).isspace()]
        return np.array([text.get_charbox(i) for i in seen]) / MM


def picture(path: Path, page: int, dots_per_mm: float = 4.0) -> np.ndarray:
    """A page as pixels, rows from the top, red, green, blue."""
    with opened(path) as document:
        image = document[page - 1].render(scale=dots_per_mm * 25.4 / 72, no_smoothpath=True)
        return np.array(image.to_pil().convert("RGB"))


def near(image: np.ndarray, colour: str, tolerance: int = 3) -> np.ndarray:
    """Which pixels have a colour."""
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return (np.abs(image.astype(int) - wanted) <= tolerance).all(axis=2)


def unembedded_fonts(path: Path) -> set[str]:
    """Names of fonts that text is written in and that the file does not hold."""
    found = set()
    with opened(path) as document:
        for page in document:
            for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
                font = raw.FPDFTextObj_GetFont(item.raw)
                if raw.FPDFFont_GetIsEmbedded(font) != 1:
                    name = ctypes.create_string_buffer(100)
                    raw.FPDFFont_GetBaseFontName(font, name, 100)
                    found.add(name.value.decode())
    return found


def n_pictures(path: Path) -> int:
    """Raster images in the file."""
    with opened(path) as document:
        return sum(1 for page in document for _ in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]))
