"""Import accepts only figures whose content matches their file type; see also `course_format/mistakes`."""

import pytest

from courseware.content.models import Course
from courseware.content.releases.course_import import import_course
from courseware.content.releases.publishing import ContentErrors
from tests.content.import_helpers import LESSON, edited
from tests.course_format.samples import drawing, make_files


def test_text_and_figure_errors_are_reported_together(db):
    files = edited(make_files(), LESSON, "<b>bold</b>")
    with pytest.raises(ContentErrors) as errors:
        import_course(files | {"media/kettle.en.svg": drawing(inside="<script>alert(1)</script>")})
    assert {found.path for found in errors.value.problems} == {LESSON, "media/kettle.en.svg"}
    assert not Course.objects.exists()


PICTURES = {
    "avif": b"\0\0\0\x1cftypavif",
    "gif": b"GIF89a",
    "jpeg": b"\xff\xd8\xff\xe0",
    "jpg": b"\xff\xd8\xff\xdb",
    "png": b"\x89PNG\r\n\x1a\n",
    "webp": b"RIFF\n\0\0\0WEBP",
}


@pytest.mark.parametrize("suffix", PICTURES)
def test_picture_content_matches_its_suffix(db, suffix):
    assert import_course(make_files() | {f"media/pot.{suffix}": PICTURES[suffix]}).release
    others = [*{body[:4]: body for name, body in PICTURES.items() if body[:3] != PICTURES[suffix][:3]}.values()]
    for number, body in enumerate([*others, b"<script>alert(1)</script>", b"", b" " + PICTURES[suffix]]):
        with pytest.raises(ContentErrors, match=rf"media/other-{number}.{suffix}:1: the content is not .*, although"):
            import_course(make_files() | {f"media/other-{number}.{suffix}": body})
