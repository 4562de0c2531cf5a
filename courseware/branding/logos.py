"""Convert uploaded logos to PNG, so that neither metadata nor scripts of the file are stored."""

import hashlib
import io
from typing import IO

from courseware.branding.models import Logo

LARGEST_FILE = 1024 * 1024  # bytes of the uploaded file
MOST_POINTS = 20_000_000  # pixels; a file of some kilobytes may decompress to gigabytes
LARGEST = (640, 160)  # pixels: twice the displayed size, for high-resolution screens
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


class InvalidLogo(Exception):
    """The file cannot be used as a logo. The message is a code: `size`, `kind` or `points`."""


def make_logo(file: IO[bytes]) -> Logo:
    """Return an unsaved logo made from the file: a PNG of at most LARGEST pixels. Raise InvalidLogo."""
    from PIL import Image, ImageOps, UnidentifiedImageError  # the import takes 0.1 s, and few requests need it

    body = file.read(LARGEST_FILE + 1)
    if len(body) > LARGEST_FILE:
        raise InvalidLogo("size")
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as uploaded:
            if uploaded.width * uploaded.height > MOST_POINTS:
                raise InvalidLogo("points")
            image = ImageOps.exif_transpose(uploaded).convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise InvalidLogo("kind") from error
    image.thumbnail(LARGEST)
    # Pasting onto an empty image drops the metadata.
    clean = Image.new("RGBA", image.size)
    clean.paste(image)
    file = io.BytesIO()
    clean.save(file, "PNG", optimize=True)
    png = file.getvalue()
    return Logo(digest=hashlib.sha256(png).hexdigest(), body=png, width=clean.width, height=clean.height)
