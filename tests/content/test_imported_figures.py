"""A figure is a drawing or a picture, whatever its name says, or it is not imported."""

import pytest

from courseware.content.models import Course
from courseware.content.releases.importing import import_course
from courseware.content.releases.publishing import ContentErrors
from tests.content.imports import LESSON, edited
from tests.language.samples import drawing, make_files

NO_DRAWINGS = {
    "a script": ("<script>alert(1)</script>", "<script> has no place in a figure"),
    "a script by a prefix": (
        '<s:script xmlns:s="http://www.w3.org/2000/svg">alert(1)</s:script>',
        "<s:script> has no place in a figure",
    ),
    "a page inside": (
        '<g xmlns="http://www.w3.org/1999/xhtml"><form/></g>',
        '"xmlns" has no place in a figure; expected attributes such as fill="…"',
    ),
    "a form by a prefix": (
        '<h:form xmlns:h="http://www.w3.org/1999/xhtml"/>',
        "<h:form> has no place in a figure",
    ),
    "an act": ('<g onload="alert(1)"/>', '"onload" has no place in a figure; expected attributes such as fill="…"'),
    "a change of an address": ('<set attributeName="href" to="#b"/>', "<set> has no place in a figure"),
    "a foreign piece": (
        '<use href="https://evil.example/a.svg#b"/>',
        '"https://evil.example/a.svg#b" is asked of somebody else; a figure is whole in itself',
    ),
    "a foreign paint": (
        '<g fill="url(https://evil.example/a)"/>',
        '"url(https://evil.example/a)" is asked of somebody else; a figure is whole in itself',
    ),
    "a foreign style": ("<?xml-stylesheet href='https://evil.example'?>", "<?xml-stylesheet> has no place in a figure"),
}


@pytest.mark.parametrize("inside, problem", NO_DRAWINGS.values(), ids=NO_DRAWINGS)
def test_a_figure_that_is_more_than_a_drawing_is_not_imported(db, inside, problem):
    with pytest.raises(ContentErrors) as errors:
        import_course(make_files() | {"media/kettle.en.svg": drawing(inside=inside)})
    assert [str(found) for found in errors.value.problems] == [f"media/kettle.en.svg:1: {problem}"]
    assert not Course.objects.exists()


def test_what_is_wrong_in_texts_and_figures_is_told_together(db):
    files = edited(make_files(), LESSON, "<b>bold</b>") | {"media/kettle.en.svg": b"<svg"}
    with pytest.raises(ContentErrors) as errors:
        import_course(files)
    assert {found.path for found in errors.value.problems} == {LESSON, "media/kettle.en.svg"}


@pytest.mark.parametrize(
    "inside",
    [
        '<g fill="url(#shade)"/>',
        "<g fill='url( \"#shade\" )'/>",
        '<use href="#cup"/>',
        '<path d="M0 0" fill="none" stroke="#333"/>',
    ],
)
def test_a_drawing_may_use_what_stands_in_it(db, inside):
    assert import_course(make_files() | {"media/kettle.en.svg": drawing(inside=inside)}).release


PICTURES = {
    "avif": b"\0\0\0\x1cftypavif",
    "gif": b"GIF89a",
    "jpeg": b"\xff\xd8\xff\xe0",
    "jpg": b"\xff\xd8\xff\xdb",
    "png": b"\x89PNG\r\n\x1a\n",
    "webp": b"RIFF\n\0\0\0WEBP",
}


@pytest.mark.parametrize("suffix", PICTURES)
def test_a_picture_has_to_be_what_its_name_says(db, suffix):
    assert import_course(make_files() | {f"media/pot.{suffix}": PICTURES[suffix]}).release
    others = [*{body[:4]: body for name, body in PICTURES.items() if body[:3] != PICTURES[suffix][:3]}.values()]
    for number, body in enumerate([*others, b"<script>alert(1)</script>", b"", b" " + PICTURES[suffix]]):
        with pytest.raises(ContentErrors, match=f"media/other-{number}.{suffix}:1: is no .*, whatever its name says"):
            import_course(make_files() | {f"media/other-{number}.{suffix}": body})
