"""Figures: their URL, size and HTML."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.html import format_html

from courseware.course_format.parsing.blocks import Figure
from courseware.course_format.parsing.documents import MEDIA_FOLDER

DIGEST_LENGTH = 12  # hexadecimal digits of the sha256 in the URL

_VIEW_BOX = re.compile(rb"""<svg\b[^>]*?\bviewBox\s*=\s*["']\s*([^"']+?)\s*["']""")


@dataclass(frozen=True)
class Media:
    """A file of the folder media/. `width` and `height` in pixels, 0 if unknown."""

    url: str
    width: int
    height: int


def media_of(course_id: str, files: Mapping[str, bytes], digests: Mapping[str, str]) -> dict[str, Media]:
    """Return path → figure, for files in media/. `files`: path → content; `digests`: path → sha256 (hexadecimal)."""
    return {
        path: Media(media_url(course_id, path, digests[path]), *svg_size(body))
        for path, body in files.items()
        if path.startswith(MEDIA_FOLDER)
    }


def media_url(course_id: str, path: str, digest: str) -> str:
    """Return the path of a figure's URL. `path`: in the course folder; `digest`: sha256 of the file (hexadecimal)."""
    return reverse("content:media", args=[course_id, digest[:DIGEST_LENGTH], path.removeprefix(MEDIA_FOLDER)])


def svg_size(body: bytes) -> tuple[int, int]:
    """Return (width, height) from the viewBox of an SVG, (0, 0) for anything else."""
    match = _VIEW_BOX.search(body)
    try:
        _x, _y, width, height = map(float, re.split(rb"[\s,]+", match[1]) if match else ())
        return round(width), round(height)
    except (ValueError, OverflowError):
        return 0, 0


def figure_html(figure: Figure, media: Mapping[str, Media], caption: str) -> str:
    """Return HTML. `caption`: HTML or "". A figure that `media` (path → figure) lacks becomes its alternative text."""
    file = media.get(figure.src)
    if file is None:
        return format_html("<p>{}</p>", figure.alt)
    size = format_html(' width="{}" height="{}"', file.width, file.height) if file.width and file.height else ""
    image = format_html('<img src="{}" alt="{}"{} loading="lazy" decoding="async">', file.url, figure.alt, size)
    return f"<figure>{image}{f'<figcaption>{caption}</figcaption>' if caption else ''}</figure>"
