"""Pictures of pages for the documents: a clock that stands where it is told, and small files."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

MOST_BYTES = 150_000
COLOURS = 64
# The browser's clock goes on from the same moment as that of the service.
CLOCK = """(() => {
    const Real = Date, ahead = %d - Real.now();
    window.Date = class extends Real {
        constructor(...parts) { parts.length ? super(...parts) : super(Real.now() + ahead); }
        static now() { return Real.now() + ahead; }
    };
})()"""


def save_picture(picture: bytes, path: Path) -> int:
    """A small picture: few colours, the same bytes for the same picture."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in (COLOURS, 32):
        packed = io.BytesIO()
        image.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            packed, "png", optimize=True
        )
        if packed.tell() <= MOST_BYTES:
            break
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed.getvalue())
    return packed.tell()
