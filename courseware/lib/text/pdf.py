"""PDF/UA files from Typst templates, and QR codes. Data is passed separately, so names cannot contain markup."""

import json
import lzma
import re
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typst

FONTS = Path(__file__).parent / "fonts"
BOTH_WEIGHTS = b'#set text(font: "Noto Sans SC")\nx *x*'
NO_GLYPH = re.compile(r"the text `\"(.+)\"` could not be displayed", re.DOTALL)
UNSEEN = "\ufeff"  # an invisible byte order mark from pasted text; PDF/UA forbids it
LOADING = threading.Lock()


class NoGlyph(Exception):
    """The fonts lack the character that the message names; an invisible one is named by its code point."""


def draw_pdf(template: str, data: Mapping[str, Any], at: datetime, *, more_fonts: Sequence[str] = ()) -> bytes:
    """Return a PDF dated `at` (aware). `template`: Typst source, reads `data` (JSON values) by
    `json(bytes(sys.inputs.data))`. `more_fonts`: paths of folders. Raise NoGlyph.
    """
    import typst  # 80 MB of code, loaded only if needed

    with LOADING:  # only one thread unpacks the fonts
        fonts = fonts_in(tuple(more_fonts))
    try:
        pdf = typst.compile(
            template.encode(),
            format="pdf",
            font_paths=fonts,
            sys_inputs={"data": json.dumps(data, ensure_ascii=False).replace(UNSEEN, "")},
            pdf_standards=["ua-1"],
            timestamp=int(at.timestamp()),
        )
    except typst.TypstError as error:
        if lacking := NO_GLYPH.search(error.message):
            raise NoGlyph(in_unicode(lacking[1])) from error
        raise
    if not isinstance(pdf, bytes):
        raise TypeError("a PDF is one file")
    return pdf


def in_unicode(character: str) -> str:
    r"""Return the character, or the code point of an escaped one.

    >>> in_unicode(r"\u{e000}"), in_unicode("𠮷")
    ('U+E000', '𠮷')
    """
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: f"U+{found[1].upper():0>4}", character)


@lru_cache(1)
def fonts_in(folders: tuple[str, ...]) -> "typst.Fonts":
    """Return the shipped fonts and those of the folders (paths), cached by the process."""
    import typst

    with TemporaryDirectory() as folder:
        for packed in FONTS.glob("*.xz"):
            (Path(folder) / packed.stem).write_bytes(lzma.decompress(packed.read_bytes()))
        paths = [folder, *folders]
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=paths)
        typst.compile(BOTH_WEIGHTS, format="pdf", font_paths=fonts)  # loads everything that typst loads at first use
    return fonts


def qr_svg(url: str) -> bytes:
    """Return a QR code for the URL as an SVG file."""
    import qrcode  # type: ignore[import-untyped]
    from qrcode.image.svg import SvgPathImage  # type: ignore[import-untyped]

    image = BytesIO()
    qrcode.make(url, image_factory=SvgPathImage).save(image)
    return image.getvalue()
