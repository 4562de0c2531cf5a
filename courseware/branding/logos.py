"""Logos, drawn anew from the uploaded file, so that neither metadata nor scripts in it are stored."""

import hashlib
import io
from typing import IO

from courseware.branding.models import Logo

LARGEST_FILE = 1024 * 1024  # bytes, sent and kept
MOST_POINTS = 20_000_000  # a file of some kilobytes may unfold to gigabytes
LARGEST = (640, 160)  # points: twice what is shown, for fine screens
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


class NoLogo(Exception):
    """Its text is a code that the form has words for."""


def draw_anew(file: IO[bytes]) -> Logo:
    """An unsaved row. Raises NoLogo with `size`, `kind` or `points`."""
    from PIL import Image, ImageOps, UnidentifiedImageError  # takes 0.1 s, and few requests need it

    body = file.read(LARGEST_FILE + 1)
    if len(body) > LARGEST_FILE:
        raise NoLogo("size")
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as sent:
            if sent.width * sent.height > MOST_POINTS:
                raise NoLogo("points")
            drawn = ImageOps.exif_transpose(sent).convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise NoLogo("kind") from error
    drawn.thumbnail(LARGEST)
    # Pasted onto an empty picture, to leave metadata behind.
    clean = Image.new("RGBA", drawn.size)
    clean.paste(drawn)
    file = io.BytesIO()
    clean.save(file, "PNG", optimize=True)
    png = file.getvalue()
    return Logo(digest=hashlib.sha256(png).hexdigest(), body=png, width=clean.width, height=clean.height)
