"""Admin pages of enrollments, lesson reports and publishing."""

import uuid
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from courseware.assessment.certificates.certification import store_certifications
from courseware.assessment.models import Certificate
from courseware.audit_log.models import Event
from courseware.content.models import Course, Document, Release
from courseware.content.releases import publishing
from courseware.content.releases.drafts import save_drafts
from courseware.learning.enrollments import enrollment as enrolling
from courseware.learning.manager_actions import ON_PERSON_PAGE
from courseware.learning.models import Completion, Enrollment, LessonReport
from courseware.lib.dates import due_instant
from tests.making import days, make_admin, make_course, make_editor, make_enrollment, make_team, make_user
from tests.world import complete_course

pytestmark = pytest.mark.django_db
ENROLLMENTS = reverse("admin:learning_enrollment_changelist")
TEAMS = reverse("admin:accounts_team_changelist")
REPORTS = reverse("admin:learning_lessonreport_changelist")
NEXT_WEEK = date(2026, 12, 2)
END_OF_NEXT_WEEK = due_instant(NEXT_WEEK, ZoneInfo("Asia/Shanghai"))


@pytest.fixture(autouse=True)
def fixed_time(time_machine):
    time_machine.move_to("2026-11-25T03:00Z")


@pytest.fixture
def admin(client):
    admin = make_admin()
    client.force_login(admin)
    return admin


@pytest.fixture
def editor(client):
    editor = make_editor()
    client.force_login(editor)
    return editor


def act(client, url, action, *rows, **fields):
    return client.post(url, {"action": action, ACTION_CHECKBOX_NAME: [row.pk for row in rows], **fields})


# Enrollments


@pytest.mark.slow
@pytest.mark.parametrize(("language", "title"), [("en", "Rules of the tea room"), ("zh-hans", "茶水间守则")])
def test_course_is_named_by_title_in_list_filter_and_form(client, admin, language, title):
    make_enrollment(make_user(), make_course())
    Course.objects.create(identifier="not-released", source_language="en")
    for address, selector, shown in (
        (ENROLLMENTS, ".field-course_shown", [title]),
        (ENROLLMENTS, "#changelist-filter a[href*=course__id__exact]", [title, "not-released"]),
        (f"{ENROLLMENTS}add/", "select[name=course] option:not([value=''])", [title]),
    ):
        page = BeautifulSoup(client.get(address, headers={"accept-language": language}).content, "html.parser")
        assert [found.text.strip() for found in page.select(selector)] == shown, selector


def test_extension_asks_for_date_and_sets_it_for_each(client, admin):
    first = make_enrollment(due_at=days(1))
    second = make_enrollment(make_user(), first.course)
    form = act(client, ENROLLMENTS, "extend", first, second)
    assert BeautifulSoup(form.content, "html.parser").select_one("input[name=due_on]")
    assert act(client, ENROLLMENTS, "extend", first, second, confirmed="yes").status_code == 422
    act(client, ENROLLMENTS, "extend", first, second, confirmed="yes", due_on=NEXT_WEEK)
    assert set(Enrollment.objects.values_list("due_at", flat=True)) == {END_OF_NEXT_WEEK}
    assert Event.objects.filter(verb="extended", actor=admin).count() == 2


def test_exemption_needs_reason_and_skips_completed(client, admin):
    enrollment, done = make_enrollment(), make_enrollment(completed_at=days(-1))
    assert act(client, ENROLLMENTS, "exempt", enrollment, confirmed="yes", reason=" ").status_code == 422
    act(client, ENROLLMENTS, "exempt", enrollment, done, confirmed="yes", reason="on leave")
    enrollment.refresh_from_db()
    done.refresh_from_db()
    assert (enrollment.exemption_reason, done.exempted_at) == ("on leave", None)


@pytest.mark.slow
@pytest.mark.parametrize("action, fields", [("exempt", {"reason": "on leave"}), ("extend", {"due_on": NEXT_WEEK})])
def test_messages_count_changed_and_unchanged_enrollments(client, admin, action, fields):
    rows = [make_enrollment() for _ in range(3)]
    closed = make_enrollment(completed_at=days(-1))
    changed = "enrollment was changed."
    assert messages(act(client, ENROLLMENTS, action, rows[0], confirmed="yes", **fields), client) == [f"1 {changed}"]
    assert messages(act(client, ENROLLMENTS, action, rows[0], confirmed="yes", **fields), client) == [
        "1 enrollment already had this value and was not changed."
    ]
    assert messages(act(client, ENROLLMENTS, action, *rows, closed, confirmed="yes", **fields), client) == [
        f"{closed.learner} · Rules of the tea room has already ended, so nothing was changed.",
        "2 enrollments were changed.",
        "1 enrollment already had this value and was not changed.",
    ]
    assert messages(act(client, ENROLLMENTS, action, closed, confirmed="yes", **fields), client) == [
        f"{closed.learner} · Rules of the tea room has already ended, so nothing was changed."
    ]


def messages(response, client):
    page = BeautifulSoup(client.get(response.url).content, "html.parser")
    return [" ".join(line.text.split()) for line in page.select(".messagelist li")]


def test_actions_offer_and_confirm_with_admin_labels(client, admin):
    enrollment = make_enrollment()
    page = BeautifulSoup(client.get(ENROLLMENTS).content, "html.parser")
    offered = [option["value"] for option in page.select("[name=action] option") if option["value"]]
    assert offered == [action.name for action in ON_PERSON_PAGE if action.admin_label]
    for fields in ({}, {"confirmed": "yes"}):
        form = BeautifulSoup(act(client, ENROLLMENTS, "exempt", enrollment, **fields).content, "html.parser")
        assert form.h1.text == "Exempt with a reason"
        assert form.select_one("label[for=exempt_reason]").text == "reason:"
        assert form.select_one(".help").text == "The learner can read this reason, and it stays on record."


def test_admin_cannot_change_own_enrollment(client, admin):
    own, other = make_enrollment(learner=admin), make_enrollment()
    url = reverse("admin:learning_enrollment_changelist")
    response = act(client, url, "exempt", own, other, confirmed="1", reason="knows it all")
    assert response.status_code == 302
    assert [Enrollment.objects.get(pk=row.pk).exempted_at is not None for row in (own, other)] == [False, True]
    assert "You do not have permission to change the records of" in client.get(url).content.decode()


def test_viewing_record_is_logged_and_changes_nothing(client, admin):
    enrollment = make_enrollment()
    url = reverse("admin:learning_enrollment_change", args=[enrollment.pk])
    assert client.get(url).status_code == 200
    [event] = Event.objects.filter(verb="record-viewed")
    assert (event.actor, event.subject) == (admin, f"enrollment:{enrollment.pk}")
    before = Enrollment.objects.values().get()
    client.post(url, {"completed_at_0": "2026-01-01", "completed_at_1": "00:00", "exemption_reason": "forged"})
    assert Enrollment.objects.values().get() == before


def test_person_is_enrolled_with_due_date(client, admin):
    course, learner = make_course(), make_user()
    url = reverse("admin:learning_enrollment_add")
    form = {"learner": learner.pk, "course": course.pk, "due_on": NEXT_WEEK}
    assert client.post(url, form).status_code == 302
    enrollment = Enrollment.objects.get()
    assert (enrollment.learner, enrollment.due_at) == (learner, END_OF_NEXT_WEEK)
    assert "This person is already enrolled in the course." in client.post(url, form).text
    assert Event.objects.filter(verb="enrolled", actor=admin).count() == 1


@pytest.mark.slow
def test_team_is_enrolled_in_batches(client, admin, monkeypatch):
    monkeypatch.setattr(enrolling, "BATCH", 2)
    course, team = make_course(), make_team(learners=3)
    assert act(client, TEAMS, "enroll", team).status_code == 200
    page = act(client, TEAMS, "enroll", team, confirmed="yes", course=course.pk, due_on=NEXT_WEEK).url
    for enrolled, status, linked in (
        (0, "0 people were enrolled. 3 more people will be enrolled.", True),
        (2, "2 people were enrolled. 1 more person will be enrolled.", True),
        (3, "3 people were enrolled. People who already take this course, or need not take it, were skipped.", False),
        (3, "3 people were enrolled. People who already take this course, or need not take it, were skipped.", False),
    ):
        shown = BeautifulSoup(client.get(page).content, "html.parser")
        assert " ".join(paragraph.text for paragraph in shown.select("#enrolling p")[:2]) == status
        assert bool(shown.select_one("#enrolling progress")) == linked
        assert bool(shown.select_one("#enrolling button")) == linked
        assert Enrollment.objects.count() == enrolled
        assert (page in client.get(TEAMS).text) == linked  # linked while unfinished
        assert client.post(page).url == page
    assert set(Enrollment.objects.values_list("due_at", flat=True)) == {END_OF_NEXT_WEEK}


@pytest.mark.parametrize("due_on", ["2020-01-01", "9999-12-31", "2037-01-01"])
def test_past_or_distant_due_date_is_refused_in_every_form(client, admin, due_on):
    enrollment, team = make_enrollment(due_at=days(1)), make_team(learners=1)
    form = {"confirmed": "yes", "due_on": due_on, "course": enrollment.course_id}
    assert act(client, ENROLLMENTS, "extend", enrollment, **form).status_code == 422
    assert act(client, TEAMS, "enroll", team, **form).status_code == 422
    added = client.post(reverse("admin:learning_enrollment_add"), form | {"learner": make_user().pk})
    assert "date" in " ".join(added.context["adminform"].form.errors["due_on"])
    assert Enrollment.objects.get().due_at == enrollment.due_at


# Reports


def make_report(**fields):
    enrollment = make_enrollment(make_user("Rita Reporter", email="rita@example.com"))
    document = Document.objects.get(identifier="boiling")
    return LessonReport.objects.create(
        writer="0" * 64, document=document, release=enrollment.course.current, language="en",
        comment="The kettle is blue.", token=uuid.uuid4(), **fields,
    )  # fmt: skip


def test_editor_settles_report_without_seeing_reporter(client, editor):
    report = make_report()
    for url in (REPORTS, reverse("admin:learning_lessonreport_change", args=[report.pk])):
        page = client.get(url).text
        assert "The kettle is blue." in page
        assert "Rita" not in page
        assert "rita@" not in page
    act(client, REPORTS, "settle", report)
    report.refresh_from_db()
    assert report.settled_at


def test_second_settlement_keeps_first_time(client, editor):
    report = make_report(settled_at=days(-3))
    act(client, REPORTS, "settle", report)
    settled_at = report.settled_at
    report.refresh_from_db()
    assert report.settled_at == settled_at


# Publishing


@pytest.fixture
def draft(course):
    """The sample lesson with one changed line, saved but not released."""
    document = course.documents.get(identifier="boiling")
    text = bytes(document.latest_revision.texts.get(language="en").body).replace(b"Fill it", b"Fill it up")
    return save_drafts(document, {"en": text}, base=document.latest_revision, by=None)


def publish_url(course):
    return reverse("admin:publish-course", args=[course.pk])


def complete_lesson(course, document):
    completion_fields = {"revision": document.latest_revision, "outcome": "completed", "completed_at": timezone.now()}
    Completion.objects.create(enrollment=make_enrollment(make_user(), course), document=document, **completion_fields)


def publish_form(draft, **fields):
    fields_by_name = {"revisions": draft.pk, f"impact-{draft.pk}": "reread", "note": "clearer", "confirmed": "on"}
    return {key: value for key, value in (fields_by_name | fields).items() if value is not None}


def test_publish_page_shows_changes_and_affected_people(client, editor, course, draft):
    for _ in range(2):
        complete_lesson(course, draft.document)
    make_enrollment(make_user(), course)
    page = BeautifulSoup(client.get(publish_url(course)).content, "html.parser")
    assert [ins.text for ins in page.select("ins")] == ["- [x] Fill it up"]
    fields_by_name = {row.label.text.strip().split(":")[0]: row.span.text for row in page.select(".impact p")}
    assert fields_by_name == {
        "none": "affects 0 people", "read again": "affects 2 people", "retake check": "affects 2 people",
    }  # fmt: skip


def test_changed_exam_affects_nobody(client, editor, course):
    exam = Document.objects.get(identifier="last-cup")
    complete_lesson(course, exam)
    text = bytes(exam.latest_revision.texts.get(language="en").body).replace(b"\n---\n", b"\n---\n\nOnce more.\n", 1)
    save_drafts(exam, {"en": text}, base=exam.latest_revision, by=None)
    page = BeautifulSoup(client.get(publish_url(course)).content, "html.parser")
    assert {row.span.text for row in page.select(".impact p")} == {"affects 0 people"}


def test_publishing_creates_confirmed_release(client, editor, course, draft):
    assert client.post(publish_url(course), publish_form(draft)).status_code == 302
    course.refresh_from_db()
    assert (course.current.number, course.current.impact, course.current.note) == (2, "reread", "clearer")
    assert dict(course.current.entries.exclude(impact="").values_list("document__identifier", "impact")) == {
        "boiling": "reread"
    }
    assert course.current.created_by == editor
    assert "There is nothing to publish" in client.get(publish_url(course)).text


@pytest.mark.parametrize("missing", ["revisions", "impact-{}", "note", "confirmed"])
def test_incomplete_publish_form_is_refused(client, editor, course, draft, missing):
    assert client.post(publish_url(course), publish_form(draft, **{missing.format(draft.pk): None})).status_code == 422
    assert Release.objects.count() == 1


def test_outdated_publish_form_is_refused(client, editor, course, draft):
    response = client.post(publish_url(course), publish_form(draft, revisions=draft.pk - 1))
    assert response.status_code == 422
    assert "Another person saved or imported a document in the meantime. Check this page again." in response.text
    assert Release.objects.count() == 1


def test_edit_during_publishing_is_shown_again(client, editor, course, draft, monkeypatch):
    publish = publishing.publish

    def publish_late(*args, **fields_by_name):
        text = bytes(draft.texts.get(language="en").body).replace(b"Fill it up", b"Fill it to the brim")
        save_drafts(draft.document, {"en": text}, base=draft, by=None)
        return publish(*args, **fields_by_name)

    monkeypatch.setattr(publishing, "publish", publish_late)
    response = client.post(publish_url(course), publish_form(draft))
    page = BeautifulSoup(response.content, "html.parser")
    assert response.status_code == 409
    assert "Another person saved or imported a document in the meantime. Check this page again." in response.text
    assert [ins.text for ins in page.select("ins")] == ["- [x] Fill it to the brim"]
    assert page.select_one("[name=note]")["value"] == "clearer"
    assert page.select_one("[name^=impact-][checked]")["value"] == "reread"
    assert not page.select_one("[name=confirmed]").has_attr("checked")
    assert Release.objects.count() == 1


def test_draft_with_errors_is_refused_with_diagnostics(client, editor, course, draft):
    text = draft.texts.get(language="en")
    text.body = bytes(text.body).replace(b"{#what-first}", b"{#what-second}")
    text.save()
    response = client.post(publish_url(course), publish_form(draft))
    assert response.status_code == 422
    assert "01-water/01-boiling.en.md:" in response.text
    assert Release.objects.count() == 1


LIST = "/admin/learning/enrollment/"


def certified(name, until, course):
    enrollment = make_enrollment(make_user(name), course)
    complete_course(enrollment)
    Certificate.objects.filter(enrollment=enrollment).update(valid_until=until)
    store_certifications([Certificate.objects.get(enrollment=enrollment)])
    return enrollment


def listed(client, query=""):
    """(name, state, certified until) of each row."""
    rows = BeautifulSoup(client.get(LIST + query).content, "html.parser").select("#result_list tbody tr")
    cells = [[row.select_one(f".field-{name}").text for name in ("learner", "state", "certified")] for row in rows]
    return {(learner.split(" (")[0], state, until) for learner, state, until in cells}


@pytest.mark.slow
def test_list_shows_and_filters_certification_of_newest_enrollment(client):
    course, today = make_course(), timezone.localdate()
    ends = {"Soon": today + timedelta(days=9), "Ended": today - timedelta(days=1), "Always": None}
    enrollments = {name: certified(name, until, course) for name, until in ends.items()}
    make_enrollment(enrollments["Soon"].learner, course)
    make_enrollment(make_user("New"), course)
    client.force_login(make_admin())
    found = {query: len(listed(client, f"?state={query}")) for query in ("", "certified", "ending", "ended", "never")}
    assert found == {"": 5, "certified": 2, "ending": 1, "ended": 1, "never": 1}
    assert {row[1:] for row in listed(client, "?state=ending")} == {("renewal open", formatted(ends["Soon"]))}
    assert {row[1:] for row in listed(client, "?state=renewing")} == {("renewal open", formatted(ends["Soon"]))}
    assert ("completed", "no expiry date") in {row[1:] for row in listed(client, "?state=certified")}


@pytest.mark.slow
def test_certified_list_is_sorted_by_expiry_and_others_by_urgency(client):
    course, today = make_course(), timezone.localdate()
    for number, name in ((9, "Later"), (2, "Soon"), (5, "Then")):
        certified(name, today + timedelta(days=number), course)
    client.force_login(make_admin())

    def order(query):
        rows = client.get(LIST + query).context["cl"].result_list
        return [row.learner.name for row in rows]

    assert order("?state=ending") == order("?state=certified") == ["Soon", "Then", "Later"]
    assert order("") == order("?state=completed") == order("?state=nonsense") == ["Later", "Soon", "Then"]


def formatted(day: date):
    return date_format(day, "DATE_FORMAT")
