"""A logo, drawn anew from what was sent: nothing of the file itself is kept, neither a place nor a script behind it."""

import hashlib
import io
from typing import IO

from courseware.face.models import Logo

LARGEST_FILE = 1024 * 1024  # bytes, sent and kept
MOST_POINTS = 20_000_000  # a file of some kilobytes may unfold to gigabytes
LARGEST = (640, 160)  # points: twice what is shown, for fine screens
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


class NoLogo(Exception):
    """The reason is its text, a code that the form has words for."""


def draw_anew(file: IO[bytes]) -> Logo:
    """A row that is not saved yet. Raises NoLogo: `size`, `kind` or `points`."""
    from PIL import Image, ImageOps, UnidentifiedImageError  # takes 0.1 s, and few requests need it

    body = file.read(LARGEST_FILE + 1)
    if len(body) > LARGEST_FILE:
        raise NoLogo("size")
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as sent:
            if sent.width * sent.height > MOST_POINTS:
                raise NoLogo("points")
            drawn = ImageOps.exif_transpose(sent).convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise NoLogo("kind") from error
    except (OSError, ValueError, SyntaxError) as error:  # of a file that ends too early, or lies about itself
        raise NoLogo("kind") from error
    drawn.thumbnail(LARGEST)
    # Pasted onto an empty picture: what was written beside the points stays behind.
    clean = Image.new("RGBA", drawn.size)
    clean.paste(drawn)
    kept = io.BytesIO()
    clean.save(kept, "PNG", optimize=True)
    png = kept.getvalue()
    digest = hashlib.sha256(png).hexdigest()
    return Logo(digest=digest, body=png, width=clean.width, height=clean.height)
