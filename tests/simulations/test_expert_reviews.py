"""Content awaiting expert review is hidden from learners and never required."""

from datetime import date

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from courseware.assessment.exams.eligibility import WorkSinceAttempt, simulations_on_misses
from courseware.assignments.rules.execution import worst_simulations
from courseware.audit_log.models import Event
from courseware.content.models import Document, ExpertReview, Release
from courseware.content.releases.course_import import import_course
from courseware.content.releases.drafts import save_drafts
from courseware.content.releases.expert_reviews import enter_expert_review, withdraw_expert_review
from courseware.content.releases.publishing import StaleChoice, drafts, recompile, released_revisions
from courseware.content.rendering import store
from courseware.content.rendering.expert_reviews import Reviewer
from courseware.learner_home.next_action import learner_progress_of
from courseware.learner_home.quick_tasks import proposals
from courseware.learning.admin.publishing import read_drafts
from courseware.learning.status.progress import progress_with
from courseware.learning.status.progress_tracker import tracker_modules
from courseware.reporting.integrity.check_all import differences
from tests.content.test_editor import signed_in
from tests.course_format.samples import COURSE
from tests.making import days, make_admin, make_course, make_editor, make_enrollment, publish_latest
from tests.simulations.playing import BEST, INTRO, begin, page_of, play
from tests.simulations.samples import KETTLE, SIMULATION, simulation_files
from tests.world import complete_course, finish_lessons, outline_of

pytestmark = pytest.mark.django_db

LESSON, LESSON_EN = "01-water/01-boiling.zh-hans.md", "01-water/01-boiling.en.md"
MEI = Reviewer("Mei Lin", "psychologist", date(2026, 11, 20))
REVIEWED = "Reviewed on 20 November 2026 by Mei Lin, psychologist."


def unreviewed_files(**simulation):
    """The sample course; its simulation and the section “Say it” of its lesson await review."""
    texts = SIMULATION | simulation
    lesson = COURSE[LESSON].replace("## 检查 {", "## 说出口 {#say-it .waits}\n\n直接问他。\n\n## 检查 {")
    lesson_en = COURSE[LESSON_EN].replace("## Check {", "## Say it {#say-it}\n\nAsk him plainly.\n\n## Check {")
    assert lesson != COURSE[LESSON] and lesson_en != COURSE[LESSON_EN]
    awaiting = texts["zh-hans"].replace("minutes: 3\n", "minutes: 3\nwaits_for: professional\n")
    files = simulation_files(is_required=False, zh_hans=awaiting, en=texts["en"])
    return files | {LESSON: lesson.encode(), LESSON_EN: lesson_en.encode()}


@pytest.fixture
def course():
    return make_course(unreviewed_files())


@pytest.fixture
def admin():
    return make_admin()


def review(course, identifier, by):
    course.refresh_from_db()
    revision = next(each for each in released_revisions(course).values() if each.document.identifier == identifier)
    enter_expert_review(revision, MEI, by=by)
    course.refresh_from_db()
    return revision


def edit_lesson(course, publish=publish_latest):
    lesson = course.documents.get(identifier="boiling")
    text = bytes(lesson.latest_revision.texts.get(language="en").body).replace(b"Fill it", b"Fill it up")
    save_drafts(lesson, {"en": text}, base=lesson.latest_revision, by=None)
    publish(lesson)
    course.refresh_from_db()


def steps(course):
    course.refresh_from_db()
    return [step.id for step in outline_of(course, "en").steps]


def searchable_text(course):
    """All searchable text."""
    return "\n".join(each.text for each in store.paragraphs(course.current, "en"))


def lesson_text(course):
    return str(store.page(course.current, "boiling", "en").data)


@pytest.mark.slow
def test_unreviewed_content_is_hidden_from_learners(course, admin, client):
    enrollment = make_enrollment(course=course)
    signed_in(client, enrollment.learner)
    assert KETTLE not in steps(course)
    assert client.get(INTRO).status_code == 404
    assert "Smoke in the tea room" not in searchable_text(course) and "Ask him plainly" not in searchable_text(course)
    assert "Ask him plainly" not in lesson_text(course)
    minutes = outline_of(course).minutes_left()

    review(course, KETTLE, admin)
    assert KETTLE in steps(course)
    assert REVIEWED in BeautifulSoup(client.get(INTRO).content, "html.parser").main.text
    assert "Smoke in the tea room" in searchable_text(course)
    assert outline_of(course).minutes_left() == minutes  # optional
    assert "Ask him plainly" not in lesson_text(course)  # another document, not reviewed

    review(course, "boiling", admin)
    assert "Ask him plainly" in searchable_text(course)
    assert lesson_text(course).count(REVIEWED) == 1
    assert not Release.objects.exclude(impact="minor").exists()  # nothing is asked of learners


def test_module_awaiting_review_is_not_in_tracker():
    files = unreviewed_files()
    moved = {path: files.pop(path) for path in list(files) if path.startswith("01-water/03-kettle.")}
    assert len(moved) == 2
    files |= {path.replace("01-water/03", "03-fire/01"): body for path, body in moved.items()}
    files |= {f"03-fire/module.{each}.md": b"---\nid: m3\ntitle: Fire\n---\n" for each in ("zh-hans", "en")}
    outline = outline_of(make_course(files), "en")
    assert [each.module.id for each in tracker_modules(outline, progress_with((), outline), "")] == ["m1", "m2"]


def test_open_attempt_survives_withdrawn_review(course, admin, client):
    review(course, KETTLE, admin)
    enrollment = make_enrollment(course=course)
    attempt = begin(enrollment)
    withdraw_expert_review(ExpertReview.objects.get(), by=admin)
    signed_in(client, enrollment.learner)
    assert client.get(page_of(attempt)).status_code == 200
    assert client.get(reverse("home")).status_code == 200
    assert client.post(reverse("simulations:quit", args=[attempt.pk]), follow=True).status_code == 200


@pytest.mark.slow
def test_review_and_withdrawal_are_logged_once(course, admin):
    revision = review(course, KETTLE, admin)
    enter_expert_review(revision, Reviewer("Somebody Else", "nurse", MEI.read_on), by=admin)
    entry = ExpertReview.objects.get()
    assert (entry.name, entry.entered_by, Release.objects.count()) == ("Mei Lin", admin, 2)
    event = Event.objects.get(verb="expert-review-entered")
    assert (event.actor, event.subject) == (admin, f"course:{course.pk}")
    assert (event.data["reading"], event.data["revision"], event.data["on"]) == (entry.pk, revision.pk, "2026-11-20")

    for _ in range(2):
        withdraw_expert_review(entry, by=admin)
    assert KETTLE not in steps(course)
    assert Release.objects.count() == 3
    assert Event.objects.filter(verb="expert-review-withdrawn").count() == 1
    assert list(differences()) == []
    review(course, KETTLE, admin)  # a new review shows it again
    assert KETTLE in steps(course)
    ExpertReview.objects.filter(pk=entry.pk).update(read_on=date(2026, 11, 21))
    assert len(list(differences())) == 1


@pytest.mark.slow
def test_only_release_with_changed_text_ends_review(course, admin):
    review(course, KETTLE, admin)
    files = unreviewed_files()
    import_course(files | {"emergency.card.en.md": files["emergency.card.en.md"] + b"\nEdited.\n"})
    edit_lesson(course)
    assert KETTLE in steps(course)
    store.clear_caches()
    Release.objects.update(compiler=1)  # as after an upgrade
    course.refresh_from_db()
    assert KETTLE in steps(course) and REVIEWED in str(store.page(course.current, KETTLE, "en").data)
    for release in Release.objects.all():
        recompile(release)
    assert KETTLE in steps(course)

    import_course(unreviewed_files(en=SIMULATION["en"].replace("One line is enough.", "One line is enough!")))
    assert KETTLE not in steps(course)


@pytest.mark.slow
@pytest.mark.parametrize("is_import", [False, True])
def test_changed_jurisdiction_ends_review_of_texts_using_it(admin, is_import):
    """Otherwise a reviewer's name would stand beside an unreviewed phone number."""
    jurisdiction = "---\nid: law\ntitle: 甲\n---\n\n## 电话 {#numbers}\n\n- 119 {#fire}\n".encode()
    numbers = {"jurisdiction.zh-hans.md": jurisdiction, "jurisdiction.en.md": jurisdiction}
    calls = SIMULATION["en"].replace("One line is enough.", "One line is enough: {=fire}.")
    assert calls != SIMULATION["en"]
    files = unreviewed_files(en=calls) | numbers
    course = make_course(files)
    review(course, KETTLE, admin)
    review(course, "boiling", admin)
    if is_import:
        import_course(files | {path: body.replace(b"119", b"999") for path, body in numbers.items()})
    else:
        law = course.documents.get(identifier="law")
        save_drafts(law, {"en": jurisdiction.replace(b"119", b"999")}, base=law.latest_revision, by=None)
        course.refresh_from_db()
        assert law.pk in read_drafts(course, drafts(course))  # so the editor is warned before publishing
        publish_latest(law)
    assert KETTLE not in steps(course) and "Ask him plainly" in lesson_text(course)
    withdrawn = ExpertReview.objects.exclude(undone_at=None).get()
    assert withdrawn.revision.document.identifier == KETTLE
    assert list(differences()) == []
    review(course, KETTLE, admin)
    assert KETTLE in steps(course)


@pytest.mark.slow
def test_review_of_former_text_does_not_count(course, admin):
    before = review(course, "boiling", admin)
    edit_lesson(course)
    assert "Ask him plainly" not in lesson_text(course) and "Fill it up" in lesson_text(course)
    with pytest.raises(StaleChoice):
        enter_expert_review(before, MEI, by=admin)


def test_reviewed_simulation_is_never_required(course, admin):
    review(course, KETTLE, admin)
    outline = outline_of(course)
    step = outline.step(KETTLE)
    assert step.is_optional and not step.is_required
    enrollment = make_enrollment(course=course)
    finish_lessons(enrollment)
    play(enrollment, BEST)
    assert worst_simulations([enrollment.learner_id], outline, course) == {}
    assert KETTLE not in simulations_on_misses(WorkSinceAttempt(missed=[("tea", "steam", step.objectives[0])]), outline)
    (journey,) = learner_progress_of([enrollment], {course.pk: outline})
    assert KETTLE not in [each.step.id for each in proposals(journey, {}, 60)]


@pytest.mark.slow
def test_withdrawn_review_keeps_completed_courses(course, admin, client):
    review(course, KETTLE, admin)
    enrollment = make_enrollment(course=course)
    attempt = play(enrollment, BEST)
    complete_course(enrollment)
    withdraw_expert_review(ExpertReview.objects.get(), by=admin)
    enrollment.refresh_from_db()
    assert enrollment.completed_at and enrollment.certificate
    signed_in(client, enrollment.learner)
    assert client.get(page_of(attempt), follow=True).status_code == 200
    assert list(differences()) == []


class TestPage:
    @pytest.fixture
    def address(self, course):
        return reverse("admin:course-readings", args=[course.pk])

    def forms(self, client, address):
        return BeautifulSoup(client.get(address).content, "html.parser").select("#content form")

    def filled(self, form, **words):
        revision = form.select_one("[name=revision]")["value"]
        fields = {"name": "Mei Lin", "profession": "psychologist", "read_on": "2026-11-20"} | words
        return {"revision": revision} | {f"{revision}-{key}": value for key, value in fields.items()}

    def test_admin_enters_and_withdraws_review(self, client, course, admin, address):
        signed_in(client, admin)
        lesson, simulation = self.forms(client, address)
        assert "Say it" in lesson.text and "Hidden: no expert has reviewed this text yet." in simulation.text
        assert client.post(address, self.filled(simulation)).status_code == 302
        assert KETTLE in steps(course)
        [_lesson, simulation] = self.forms(client, address)
        assert REVIEWED in simulation.text
        assert client.post(address, {"reading": simulation.select_one("[name=reading]")["value"]}).status_code == 302
        assert KETTLE not in steps(course)

    @pytest.mark.parametrize(("field", "value"), [("name", " "), ("profession", ""), ("read_on", "tomorrow")])
    def test_missing_or_future_field_is_rejected(self, client, course, admin, address, field, value):
        signed_in(client, admin)
        value = timezone.localdate(days(2)).isoformat() if value == "tomorrow" else value
        response = client.post(address, self.filled(self.forms(client, address)[1], **{field: value}))
        assert response.status_code == 422
        page = BeautifulSoup(response.content, "html.parser")
        assert len(page.select("#content .errorlist")) == 1
        [link] = page.select(".errornote[autofocus] a")  # above the sent form, linked to its field
        assert page.select_one(link["href"].replace("#", "[id='") + "']")["name"].endswith(field)
        assert KETTLE not in steps(course)

    @pytest.mark.slow
    def test_review_of_outdated_text_is_rejected(self, client, course, admin, address):
        signed_in(client, admin)
        sent = self.filled(self.forms(client, address)[1])
        import_course(unreviewed_files(en=SIMULATION["en"].replace("One line", "A line")))
        assert client.post(address, sent).status_code == 409
        assert not ExpertReview.objects.exists()

    @pytest.mark.parametrize(
        ("revision", "status"),
        [("last-cup", 409), ("media/kettle.en.svg", 409), ("", 404), ("9" * 9, 404), ("x", 404)],
    )
    def test_unsuitable_revision_is_rejected(self, client, admin, address, revision, status):
        signed_in(client, admin)
        latest = dict(Document.objects.values_list("identifier", "latest_revision"))
        revision = str(latest.get(revision, revision))
        sent = {"name": "I", "profession": "cook", "read_on": "2026-11-20"}
        fields = {f"{revision}-{key}": value for key, value in sent.items()}
        assert client.post(address, {"revision": revision} | fields).status_code == status
        assert (ExpertReview.objects.count(), Release.objects.count()) == (0, 1)

    def test_editor_sees_but_cannot_enter_reviews(self, client, course, address):
        signed_in(client, make_editor())
        [_lesson, simulation] = self.forms(client, address)
        assert not simulation.select("[type=submit]")
        assert "An admin enters the name of the expert." in client.get(address).text
        revision = Document.objects.get(identifier=KETTLE).latest_revision_id
        assert client.post(address, {"revision": revision, f"{revision}-name": "I"}).status_code == 403

    def test_publishing_changed_text_warns_before(self, client, course, admin):
        review(course, "boiling", admin)
        edit_lesson(course, publish=lambda lesson: None)
        signed_in(client, admin)
        warning = "the new text stays hidden until the next expert review"
        assert warning in client.get(reverse("admin:publish-course", args=[course.pk])).text

    @pytest.mark.slow
    @pytest.mark.parametrize(("document", "text"), [(KETTLE, "Smoke in the tea room"), ("boiling", "Ask him plainly")])
    def test_preview_shows_review_status(self, client, course, admin, document, text):
        signed_in(client, make_editor())
        address = reverse("admin:content_document_change", args=[Document.objects.get(identifier=document).pk])

        def preview():
            return (
                BeautifulSoup(client.get(f"{address}?language=en").content, "html.parser").select_one(".preview").text
            )

        assert text in preview() and "This text awaits expert review. Learners see it after" in preview()
        review(course, document, admin)
        assert text in preview() and REVIEWED in preview() and "Awaiting expert review" not in preview()
