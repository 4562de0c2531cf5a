"""Exam changes: lowest pass mark, description of a change, approval by a second person."""

import pytest
from bs4 import BeautifulSoup
from django.core.management import CommandError, call_command
from django.urls import reverse

from courseware.audit_log.models import Event
from courseware.content.authoring.exam_change_text import LABELS, words_of
from courseware.content.models import Release, ReleaseProposal
from courseware.content.releases import proposals
from courseware.content.releases.course_import import import_course
from courseware.content.releases.drafts import save_drafts
from courseware.content.releases.exam_changes import RULES, exam_changes
from courseware.content.releases.publishing import PassMarkTooLow, ProposalVoid, released_revisions
from tests.course_format.samples import damage
from tests.making import make_admin, make_course, make_editor, make_user, publish_latest

pytestmark = pytest.mark.django_db
EXAM = "02-end/01-last.exam.zh-hans.md"
BANK, BANK_EN = "02-end/bank/tea.bank.zh-hans.md", "02-end/bank/tea.bank.en.md"


@pytest.fixture(autouse=True)
def min_pass_mark(settings):
    settings.MIN_PASS_MARK = 70


def edit(course, identifier, old, new, *, by=None, language="zh-hans"):
    """Save a draft with `old` replaced by `new`; return the document."""
    document = course.documents.get(identifier=identifier)
    text = bytes(document.latest_revision.texts.get(language=language).body).decode()
    assert old in text
    save_drafts(document, {language: text.replace(old, new, 1).encode()}, base=document.latest_revision, by=by)
    return course.documents.get(identifier=identifier)


@pytest.mark.parametrize(("mark", "is_taken"), [(1, False), (69, False), (70, True), (100, True)])
def test_release_refuses_pass_mark_below_minimum(mark, is_taken):
    exam = edit(make_course(), "last-cup", "pass_mark: 80", f"pass_mark: {mark}")
    if is_taken:
        assert publish_latest(exam).number == 2
    else:
        with pytest.raises(PassMarkTooLow, match=f"last-cup: pass mark {mark}; this site accepts 70 or more"):
            publish_latest(exam)
        assert Release.objects.count() == 1


def test_minimum_pass_mark_is_a_setting(settings):
    settings.MIN_PASS_MARK = 81
    with pytest.raises(PassMarkTooLow):
        import_course(damage(EXAM, "minutes: 5", "minutes: 6"))


def test_pre_test_has_no_pass_mark():
    make_course(damage(EXAM, "pass_mark: 80\n", ""))
    assert Event.objects.get(verb="content-released").data["pass_marks"] == {}


def test_import_refuses_pass_mark_below_minimum(tmp_path, capsys):
    for path, body in damage(EXAM, "pass_mark: 80", "pass_mark: 1").items():
        (file := tmp_path / "tea-room" / path).parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    with pytest.raises(CommandError):
        call_command("import_content", str(tmp_path))
    assert "tea-room: last-cup: pass mark 1; this site accepts 70 or more" in capsys.readouterr().err
    assert not Release.objects.exists()


def test_release_event_records_pass_marks():
    publish_latest(edit(make_course(), "last-cup", "pass_mark: 80", "pass_mark: 75"))
    released = Event.objects.filter(verb="content-released").order_by("pk")
    assert [event.data["pass_marks"] for event in released] == [{"last-cup": 80}, {"last-cup": 75}]


# Description of exam changes


def describe(course, *documents):
    revisions = [document.latest_revision for document in documents]
    return {change.document: words_of(change) for change in exam_changes(released_revisions(course), revisions)}


def test_every_rule_has_a_label():
    assert set(LABELS) == set(RULES)


def test_changed_exam_rules_show_old_and_new_value():
    course = make_course()
    edit(course, "last-cup", "pass_mark: 80", "pass_mark: 75")
    exam = edit(course, "last-cup", "draw: 2", "draw: 1")
    assert describe(course, exam) == {
        "last-cup": [
            "questions drawn: bank tea-bank draw 2 critical O1.2 → bank tea-bank draw 1 critical O1.2",
            "pass mark: 80 → 75",
        ]
    }


def test_new_changed_and_removed_bank_questions_are_named():
    files = damage(BANK, "{#bank-cold ", "{#bank-lukewarm ")
    files[BANK] = files[BANK].replace("- [x] 关火".encode(), "- [x] 马上关火".encode())
    files[BANK_EN] = files[BANK_EN].replace(b"{#bank-cold}", b"{#bank-lukewarm}")
    course = make_course()
    document = course.documents.get(identifier="tea-bank")
    texts = {"zh-hans": files[BANK], "en": files[BANK_EN]}
    save_drafts(document, texts, base=document.latest_revision, by=None)
    document = course.documents.get(identifier="tea-bank")
    assert describe(course, document) == {
        "tea-bank": [
            "new questions: bank-lukewarm", "changed questions: bank-boiled", "removed questions: bank-cold",
        ]
    }  # fmt: skip


def test_exam_text_change_counts_and_lesson_change_does_not():
    course = make_course()
    exam = edit(course, "last-cup", "Take your time.", "No hurry.", language="en")
    lesson = edit(course, "boiling", "Fill it", "Fill it up", language="en")
    assert describe(course, exam, lesson) == {"last-cup": ["only the text changes; rules and questions stay the same"]}
    assert describe(course, lesson) == {}


def test_only_completion_rule_of_course_counts():
    course = make_course()
    document = edit(course, "tea-room", "valid_months: 12", "valid_months: 13")
    assert describe(course, document) == {}
    document = edit(course, "tea-room", "passed: [last-cup]", "passed: []")
    assert describe(course, document) == {"tea-room": ["completion rule: lessons all passed last-cup → lessons all"]}


def with_sheet():
    """The sample course with a jurisdiction file; its question bank uses one entry."""
    files = damage(BANK, "- [x] 关火", "- [x] 马上打 {=fire}")
    sheet = "---\nid: law\ntitle: %s\n---\n\n## %s {#numbers}\n\n- 119 {#fire}\n- 110 {#police}\n"
    return files | {
        "jurisdiction.zh-hans.md": (sheet % ("中国大陆", "电话")).encode(),
        "jurisdiction.en.md": (sheet % ("Mainland China", "Numbers")).encode(),
    }


@pytest.mark.slow
def test_jurisdiction_change_names_questions_using_it():
    course = make_course(with_sheet())
    assert describe(course, edit(course, "law", "110", "112")) == {}
    assert describe(course, edit(course, "law", "119", "999")) == {"law": ["changed questions: bank-boiled"]}
    alone = edit(course, "tea-bank", "{=fire}", "119")
    assert describe(course, alone) == {"tea-bank": ["only the text changes; rules and questions stay the same"]}


# Approval by a second person


@pytest.fixture
def exam(course):
    return edit(course, "last-cup", "pass_mark: 80", "pass_mark: 75")


@pytest.fixture
def editor(client):
    editor = make_editor(name="Ed Editor")
    client.force_login(editor)
    return editor


def address(course):
    return reverse("admin:publish-course", args=[course.pk])


def send(client, *documents, impact="reread"):
    revisions = [document.latest_revision.pk for document in documents]
    impacts = {f"impact-{revision}": impact for revision in revisions}
    form = {"revisions": revisions, **impacts, "note": "easier", "confirmed": "on"}
    return client.post(address(documents[0].course), form)


def answer(client, proposal, how="release"):
    return client.post(address(proposal.course), {"proposal": proposal.pk, how: "x"}, follow=True).text


def page_of(client, course):
    page = BeautifulSoup(client.get(address(course)).content, "html.parser")
    return " ".join(page.select_one("#content").text.split())


@pytest.mark.slow
def test_second_editor_approves_proposal_and_both_are_logged(client, course, exam, editor):
    second = make_editor(name="Sue Second")
    assert send(client, exam).status_code == 302
    proposal = ReleaseProposal.objects.get()
    assert Release.objects.count() == 1
    client.force_login(second)
    page = page_of(client, course)
    assert "Awaiting approval: easier" in page and "Submitted by Ed Editor on" in page and "pass mark: 80 → 75" in page
    answer(client, proposal)
    release = Release.objects.latest("number")
    assert (release.number, release.impact, release.note, release.created_by, release.proposal) == (
        2, "reread", "easier", second, proposal,
    )  # fmt: skip
    proposed, released = Event.objects.order_by("pk").filter(actor__in=[editor, second], verb__contains="release")
    assert (proposed.verb, proposed.actor, proposed.subject) == (
        "release-proposed",
        editor,
        f"release-proposal:{proposal.pk}",
    )
    assert proposed.data == {
        "course": course.pk, "impact": "reread", "impacts": {"last-cup": "reread"},
        "revisions": [exam.latest_revision_id],
    }  # fmt: skip
    assert (released.verb, released.actor) == ("content-released", second)
    assert released.data.items() >= {"proposal": proposal.pk, "alone": False}.items()
    assert released.data["pass_marks"] == {"last-cup": 75}


@pytest.mark.slow
def test_proposer_cannot_approve_own_proposal(client, course, exam, editor):
    make_admin()
    send(client, exam)
    assert "You submitted this release yourself" in answer(client, ReleaseProposal.objects.get())
    page = client.get(address(course)).text
    assert "Withdraw proposal" in page and "Approve and release" not in page
    assert Release.objects.count() == 1


@pytest.mark.slow
def test_only_active_editor_releases_alone_and_log_says_so(client, course, exam, editor):
    for _person in (make_user(), make_user(is_staff=True), make_editor(is_active=False), make_admin(is_active=False)):
        assert "you release exams, question banks and pass marks without approval" in page_of(client, course)
    send(client, exam)
    proposal = ReleaseProposal.objects.get()
    assert (proposal.proposed_by, proposal.release.created_by, proposal.release.number) == (editor, editor, 2)
    assert Event.objects.filter(verb="content-released").latest("pk").data["alone"] is True
    assert Event.objects.filter(verb="release-proposed", actor=editor).count() == 1


def test_exam_change_cannot_have_minor_impact(client, course, exam, editor):
    make_admin()
    response = send(client, exam, impact="minor")
    assert response.status_code == 422
    assert "A change to an exam, its questions or its pass mark cannot have the impact “none”." in response.text
    assert not ReleaseProposal.objects.exists()
    lesson = edit(course, "boiling", "Fill it", "Fill it up", language="en")
    assert send(client, lesson, impact="minor").status_code == 302
    assert (Release.objects.count(), ReleaseProposal.objects.count()) == (2, 0)


@pytest.mark.slow
def test_declined_proposal_is_not_released_and_draft_stays(client, course, exam, editor):
    second = make_editor()
    proposal = proposals.propose(
        course, [exam.latest_revision], impacts={"last-cup": "retake"}, note="easier", by=editor
    )
    client.force_login(second)
    for _ in range(2):
        answer(client, proposal, "decline")
    proposal.refresh_from_db()
    assert proposal.declined_by == second
    assert (
        Event.objects.filter(verb="release-declined", actor=second, subject=f"release-proposal:{proposal.pk}").count()
        == 1
    )
    with pytest.raises(ProposalVoid):
        proposals.release_proposed(proposal, by=second)
    page = page_of(client, course)
    assert "pass mark: 80 → 75" in page and "Awaiting approval:" not in page


@pytest.mark.slow
def test_later_draft_or_release_voids_proposal(client, course, exam, editor):
    second = make_editor()
    proposal = proposals.propose(
        course, [exam.latest_revision], impacts={"last-cup": "reread"}, note="easier", by=editor
    )
    exam = edit(course, "last-cup", "pass_mark: 75", "pass_mark: 74")
    with pytest.raises(ProposalVoid):
        proposals.release_proposed(proposal, by=second)
    proposal = proposals.propose(
        course, [exam.latest_revision], impacts={"last-cup": "reread"}, note="easier", by=editor
    )
    publish_latest(edit(course, "boiling", "Fill it", "Fill it up", language="en"))
    with pytest.raises(ProposalVoid):
        proposals.release_proposed(proposal, by=second)
    client.force_login(second)
    assert "can no longer be approved" in answer(client, proposal)
    assert Release.objects.count() == 2


def test_second_proposal_and_approval_are_ignored(course, exam, editor):
    second = make_editor()
    options = {"impacts": {"last-cup": "reread"}, "note": "easier", "by": editor}
    first, again = (proposals.propose(course, [exam.latest_revision], **options) for _ in range(2))
    assert first == again
    assert proposals.release_proposed(first, by=second) == proposals.release_proposed(first, by=second)
    assert (Release.objects.count(), ReleaseProposal.objects.count()) == (2, 1)


@pytest.mark.parametrize("pk", ["999", "x", ""])
def test_unknown_proposal_is_not_found(client, course, editor, pk):
    assert client.post(address(course), {"proposal": pk, "release": ""}).status_code == 404


def test_import_releases_exam_change_without_approval(course):
    make_editor(), make_admin()
    assert import_course(damage(EXAM, "pass_mark: 80", "pass_mark: 75")).release.number == 2
