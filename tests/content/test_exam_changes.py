"""An exam is not emptied by one person: how low a mark may be, what a release says of it, and who may make it."""

import pytest
from django.core.management import CommandError, call_command

from courseware.content.models import Release
from courseware.content.releases.drafts import save_drafts
from courseware.content.releases.importing import import_course
from courseware.content.releases.publishing import PassMarkTooLow
from courseware.evidence.models import Event
from tests.language.samples import damage
from tests.making import make_course, publish_head

pytestmark = pytest.mark.django_db
EXAM = "02-end/01-last.exam.zh-hans.md"
BANK = "02-end/bank/tea.bank.zh-hans.md"


def edit(course, identifier, old, new, *, by=None, language="zh-hans"):
    """The document, with a draft in which one piece of its text is another."""
    document = course.documents.get(identifier=identifier)
    text = bytes(document.head.texts.get(language=language).body).decode()
    assert old in text
    save_drafts(document, {language: text.replace(old, new, 1).encode()}, base=document.head, by=by)
    return course.documents.get(identifier=identifier)


@pytest.mark.parametrize(("mark", "is_taken"), [(1, False), (69, False), (70, True), (100, True)])
def test_an_exam_is_released_with_the_lowest_mark_of_the_site_and_not_below(mark, is_taken):
    exam = edit(make_course(), "last-cup", "pass_mark: 80", f"pass_mark: {mark}")
    if is_taken:
        assert publish_head(exam).number == 2
    else:
        with pytest.raises(PassMarkTooLow, match=f"last-cup: pass mark {mark}; this site accepts 70 or more"):
            publish_head(exam)
        assert Release.objects.count() == 1


def test_a_site_may_ask_for_more(settings):
    settings.PASS_MARK_FLOOR = 81
    with pytest.raises(PassMarkTooLow):
        import_course(damage(EXAM, "minutes: 5", "minutes: 6"))


def test_a_pre_check_has_no_mark_that_could_be_too_low():
    make_course(damage(EXAM, "pass_mark: 80\n", ""))
    assert Event.objects.get(verb="content-released").data["pass_marks"] == {}


def test_the_import_says_which_exam_is_too_easy_and_writes_nothing(tmp_path, capsys):
    for path, body in damage(EXAM, "pass_mark: 80", "pass_mark: 1").items():
        (file := tmp_path / "tea-room" / path).parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    with pytest.raises(CommandError):
        call_command("import_content", str(tmp_path))
    assert "tea-room: last-cup: pass mark 1; this site accepts 70 or more" in capsys.readouterr().err
    assert not Release.objects.exists()


def test_the_log_says_with_which_mark_each_exam_was_released():
    publish_head(edit(make_course(), "last-cup", "pass_mark: 80", "pass_mark: 75"))
    released = Event.objects.filter(verb="content-released").order_by("number")
    assert [event.data["pass_marks"] for event in released] == [{"last-cup": 80}, {"last-cup": 75}]
