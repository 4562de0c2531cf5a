"""PDF/UA files from data, so no name is markup. Glyphs come only from `fonts/` and the named folders."""

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
UNSEEN = "\ufeff"  # a byte order mark that was pasted along: nobody sees it, and PDF/UA forbids it
LOADING = threading.Lock()


class NoGlyph(Exception):
    """The fonts lack this character; an invisible one is given as its Unicode number."""


def draw_pdf(template: str, data: Mapping[str, Any], at: datetime, *, more_fonts: Sequence[str] = ()) -> bytes:
    """A PDF file dated `at`. The template reads `json(bytes(sys.inputs.data))`. Raises NoGlyph."""
    import typst  # 80 MB of code, of which a process that draws nothing needs none

    with LOADING:  # one at a time unpacks the fonts
        fonts = fonts_in(tuple(more_fonts))
    try:
        drawn = typst.compile(
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
    if not isinstance(drawn, bytes):
        raise TypeError("a PDF is one file")
    return drawn


def in_unicode(sign: str) -> str:
    r"""
    >>> in_unicode(r"\u{e000}"), in_unicode("𠮷")
    ('U+E000', '𠮷')
    """
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: f"U+{found[1].upper():0>4}", sign)


@lru_cache(1)
def fonts_in(folders: tuple[str, ...]) -> "typst.Fonts":
    """The shipped fonts and those of the folders, kept by the process."""
    import typst

    with TemporaryDirectory() as folder:
        for packed in FONTS.glob("*.xz"):
            (Path(folder) / packed.stem).write_bytes(lzma.decompress(packed.read_bytes()))
        paths = [folder, *folders]
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=paths)
        typst.compile(BOTH_WEIGHTS, format="pdf", font_paths=fonts)  # reads what else is read when it is wanted first
    return fonts


def qr_svg(address: str) -> bytes:
    import qrcode  # type: ignore[import-untyped]
    from qrcode.image.svg import SvgPathImage  # type: ignore[import-untyped]

    drawn = BytesIO()
    qrcode.make(address, image_factory=SvgPathImage).save(drawn)
    return drawn.getvalue()
