"""A small company: one person per role, and a learner with a row in every table."""

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta

from allauth.account.utils import user_pk_to_url_str
from django.apps import apps
from django.contrib.auth.models import Group
from django.utils import timezone

from courseware.accounts.api_keys import ApiKey, make_key
from courseware.accounts.models import Absence, AccountMerge, Deputy, JoinRequest, Membership, Team, User
from courseware.accounts.people.notes import write_note
from courseware.accounts.roster_import.apply import store_plan
from courseware.accounts.roster_import.comparison import Plan
from courseware.accounts.sign_in.invitations import LinkTokens, invite
from courseware.accounts.teams.invite_links import address_of, make_link
from courseware.assessment.certificates.external_training import record_external_training
from courseware.assessment.certificates.pdf import pdf_of
from courseware.assessment.exams import attempts as attempting
from courseware.assessment.exams.banks import question_of
from courseware.assessment.models import ExamAttempt, ExternalTraining
from courseware.assignments.models import ChatBot, ManualReminder, RuleVersion
from courseware.assignments.rules.lifecycle import make_rule
from courseware.audit_log.checkpoints import create_checkpoint
from courseware.branding.colours import digest_of_stylesheet
from courseware.branding.models import Logo
from courseware.content.models import Course, Document
from courseware.content.releases import drafts
from courseware.content.rendering import store
from courseware.content.rendering.figures import DIGEST_LENGTH
from courseware.course_format.parsing.documents import MEDIA_FOLDER
from courseware.hr.people.account_merge import merge
from courseware.jobs import schedule
from courseware.learning.due_dates.absence_shifts import record_absence
from courseware.learning.due_dates.calendar_feed import make_feed
from courseware.learning.enrollments import enrollment as enrolling
from courseware.learning.lessons import answers as answering
from courseware.learning.lessons import feedback
from courseware.learning.models import Enrollment
from courseware.learning.reference.saved_phrases import save_phrase
from courseware.learning.status import completion
from courseware.lib import dates
from courseware.notifications.models import Notification
from courseware.notifications.unsubscribe import SIGNER
from courseware.reporting.dashboard import rows
from courseware.reporting.dashboard.saved_views import SavedView
from courseware.simulations import attempts as running
from courseware.simulations.models import SimulationAttempt, TimeSetting
from courseware.simulations.replay import replay_of
from tests.course_format.samples import FOLLOW_UP, make_files
from tests.making import (
    days,
    join,
    make_admin,
    make_auditor,
    make_course,
    make_editor,
    make_hr,
    make_team,
    make_user,
)

ROLES = (
    "anonymous", "learner", "other learner", "manager", "other manager", "manager above", "editor", "leading editor",
    "admin", "HR", "auditor",
)  # fmt: skip


@dataclass
class World:
    """`people`: role → person (nobody is anonymous). Of the learner's, `enrollment`, `attempt` and `run` are open and
    `passed` is submitted.
    """

    course: Course
    people: dict[str, User]
    team: Team
    enrollment: Enrollment
    attempt: ExamAttempt
    passed: ExamAttempt
    run: SimulationAttempt
    lesson: store.Step
    outline: store.Outline
    places: dict[str, object] = field(default_factory=dict)

    @property
    def learner(self):
        return self.people["learner"]


def make_world(course=None) -> World:
    course = course or Course.objects.exclude(current=None).first() or make_course(make_files(**FOLLOW_UP))
    learner = make_user("Lea Learner")
    top, other = make_team("Head office"), make_team("Another team", learners=1)
    team = make_team("Night shift", parent=top)
    join(team, learner)
    people = {
        "learner": learner,
        "other learner": other.memberships.get(role=Membership.Role.LEARNER).person,
        "manager": team.manager,
        "other manager": other.manager,
        "manager above": top.manager,
        "editor": make_editor(name="Ed Editor"),
        "leading editor": make_editor(name="Lu Leading"),
        "admin": make_admin(name="Ada Admin"),
        "HR": make_hr(name="Hana Human"),
        "auditor": make_auditor(name="Aude Auditor"),
    }
    join(other, people["leading editor"], Membership.Role.MANAGER)
    enrolling.enroll(people["other learner"], course, by=people["admin"])
    passed = complete_course(enrolling.enroll(learner, course, by=people["admin"]))
    enrollment = enrolling.enroll(learner, course, due_at=days(5), by=people["admin"])
    enrolling.extend(enrollment, days(6).date(), "a sick child", by=team.manager)
    finish_lessons(enrollment)
    run = start_run(enrollment)
    outline = outline_of(course)
    lesson = next(step for step in outline.steps if step.check)
    page = store.page(course.current, lesson.id, course.source_language)
    feedback.report_lesson(enrollment, page, language=course.source_language, token=uuid.uuid4(), comment="A typo.")
    save_phrase(enrollment, page, next(iter(page.phrases)))
    world = World(course, people, team, enrollment, start_exam(enrollment), passed, run, lesson, outline)
    make_draft(world)
    work_beside(learner, by=people["admin"])
    create_checkpoint()
    note_beside(world, deputy=people["other manager"], by=people["admin"])
    world.places = places_of(world)
    return world


def work_beside(learner, *, by):
    """A waiting email to the learner and a waiting task."""
    invite(learner, by=by)
    schedule.enqueue_due()
    schedule.run_now("delete-old-tasks")


ACT_OF_NOTE = uuid.UUID(int=7)


def note_beside(world, *, deputy, by):
    """A future absence and a note of the learner, a past deputy, and a person with an alias."""
    manager = manager_of(world.team)
    next_month = dates.site_day() + timedelta(days=30)
    record_absence(world.learner, next_month, next_month, by=manager)
    write_note([world.learner.pk], "Prefers mornings.", act=ACT_OF_NOTE, by=manager)
    over = {"first_day": date(2020, 1, 1), "last_day": date(2020, 1, 2)}  # so it shows nobody anything
    Deputy.objects.create(manager=manager, person=deputy, made_by=by, **over)
    names = (make_user(email=f"{each}@two-names.example.com") for each in ("kept", "other"))
    merge(*names, by=make_admin(email="merges@example.com"))


def manager_of(team):
    return team.memberships.get(role=Membership.Role.MANAGER).person


def make_draft(world):
    """An unpublished draft of the lesson, saved by the editor."""
    document = lesson_document(world)
    text = document.latest_revision.texts.get(language=world.course.source_language)
    drafts.save_drafts(
        document,
        {text.language: bytes(text.body) + "\n稿\n".encode()},
        base=document.latest_revision,
        by=world.people["editor"],
    )


def outline_of(course, language=""):
    return store.outline(course.current, language or course.source_language)


def finish_lessons(enrollment, *, but=()):
    """Answer all questions right except these, and mark the other lessons as read."""
    course = enrollment.course
    outline = outline_of(course)
    for step in outline.steps:
        if step.kind == "lesson":
            finish_lesson(enrollment, step, but=but)


def finish_lesson(enrollment, step, *, but=()):
    course = enrollment.course
    asked = completion.asked_of(enrollment, store.page(course.current, step.id, course.source_language))
    for question in (each for key, each in asked.items() if key not in but):
        raw = ["Noted."] if question.kind == "open" else [str(place) for place in question.key]
        answering.answer(enrollment, step, question.id, raw, token=uuid.uuid4())
    if not asked:
        completion.mark_read(enrollment, step)


def start_run(enrollment):
    """An open attempt at the first simulation, after a finished one."""
    simulation = next(step.id for step in outline_of(enrollment.course).steps if step.kind == "simulation")
    play_best(running.start(enrollment, simulation, timing=TimeSetting.OFF))
    return running.start(enrollment, simulation, timing=TimeSetting.OFF)


def finish_simulations(enrollment):
    """Play every required simulation with the best decisions, without a clock."""
    for step in outline_of(enrollment.course).steps:
        if step.kind == "simulation" and step.is_required:
            play_best(running.start(enrollment, step.id, timing=TimeSetting.OFF))


def play_best(run):
    """Take the best decisions until the end."""
    trail = replay_of(run)
    while not trail.ending:
        trail = running.decide(run, trail.position, *trail.rules.best(trail.state))
    return trail


def start_exam(enrollment):
    return attempting.start(enrollment, outline_of(enrollment.course).exam_id)


def answer_exam(attempt):
    """Answer every question of the open attempt right."""
    for response in attempt.responses.select_related("bank"):
        question = question_of(attempt, response, attempt.enrollment.course.source_language)
        raw = [str(place) for place in question.key]
        attempting.save(attempt, response.position, raw, saves=0)


def complete_course(enrollment):
    """Complete lessons, exam and survey, which issues a certificate; return the passed attempt."""
    finish_lessons(enrollment)
    finish_simulations(enrollment)
    attempt = start_exam(enrollment)
    answer_exam(attempt)
    attempt = attempting.submit(attempt)
    answer_survey(enrollment)
    return attempt


def answer_survey(enrollment, *, is_signed=False, at=None):
    outline = outline_of(enrollment.course)
    page = store.page(enrollment.course.current, outline.survey_id, enrollment.course.source_language)
    answers = {question["id"]: 9 for question in page.data["questions"] if question["kind"] == "scale"}
    feedback.answer_survey(enrollment, page, answers, is_signed=is_signed, at=at)


def rows_shown_to(user, *, at=None, **filters):
    """Return all dashboard rows on one page."""
    at = at or timezone.now()
    shown = rows.enrollments_with_facts([each.pk for each in rows.dashboard_rows_of(user, at=at, **filters)], at)
    teams = dict(rows.teams_shown_to(user).values_list("pk", "name"))
    return rows.rows(shown, teams, rows.outlines("en"), at)


def places_of(world):
    """Return route prefix up to a placeholder (without its converter) → value."""
    learner, lesson = world.learner, world.lesson
    media = Document.objects.filter(course=world.course, kind=Document.Kind.MEDIA).latest("pk")
    figure = media.latest_revision.texts.get()
    link = make_link(world.team, ends_at=days(7), uses=20, by=manager_of(world.team))
    asked = JoinRequest.objects.create(link=link, staff_number="A77", name="Jo Joiner", asked_at=timezone.now())
    places = {
        "learn/<course>": world.course.identifier,
        "learn/<course>/<step>": lesson.id,
        "learn/<course>/print/<module>": lesson.module_id,
        "learn/<course>/<step>/answer/<question>": lesson.check[0].id,
        "learn/<course>/<step>/answer/<open_question>": open_question(world),
        "exam/<course>": world.course.identifier,
        "exam/<course>/<exam>": world.outline.exam_id,
        "attempts/<pk>": world.attempt.pk,
        "attempts/<pk>/<position>": 1,
        "attempts/<pk>/practice/<rule>": lesson.objectives[0],
        "simulations/<course>": world.course.identifier,
        "simulations/<course>/<simulation>": world.run.simulation.identifier,
        "simulation-attempts/<pk>": world.run.pk,
        "simulation-attempts/<pk>/what-if/<position>": 1,
        "team/preview/<course>": world.course.identifier,
        "team/preview/<course>/<step>": lesson.id,
        "team/questions/<course>": world.course.identifier,
        "team/questions/<course>/<document>": lesson.id,
        "team/simulations/<course>": world.course.identifier,
        "team/simulations/<course>/<simulation>": world.run.simulation.identifier,
        "team/follow-ups/<pk>": world.passed.enrollment.pk,
        "team/follow-ups/<pk>/<survey_id>": next((survey.id for survey in world.outline.follow_up_surveys), "none"),
        "certificates/<number>": world.passed.enrollment.certificate.number,
        "certificates/<number>/<language>": pdf_of(world.passed.enrollment.certificate, "en", by=learner).language,
        "team/views/<pk>": SavedView.objects.create(person=manager_of(world.team), name="Stuck", query="stuck=on").pk,
        "team/people/<pk>": world.enrollment.pk,
        "people/<pk>": learner.pk,
        "people/external-training/<training>": trained_outside(world).pk,
        "people/<pk>/deputies/<deputy>": Deputy.objects.get().pk,
        "team/deputies/<deputy>": Deputy.objects.get().pk,
        "people/import/<roster>": roster_of(world).pk,
        "people/invite-links/<pk>": link.pk,
        "people/invite-links/requests/<pk>": asked.pk,
        "accounts/join/<token>": address_of(link).rstrip("/").rpartition("/")[2],
        "rules/<pk>": rule_about(world.team, world.course, by=world.people.get("HR")).pk,
        "people/certificates/<pk>": world.passed.enrollment.certificate.pk,
        "people/teams/<pk>": world.team.pk,
        "people/teams/<pk>/managers/<place>": world.team.memberships.get(role=Membership.Role.MANAGER).pk,
        "people/<pk>/memberships/<place>": learner.memberships.get().pk,
        "people/changes/<pk>": world.enrollment.adjustment_items.get().adjustment_id,
        "people/reminders/<pk>": ManualReminder.objects.create(made_by=manager_of(world.team)).pk,
        "people/notes/<act>": ACT_OF_NOTE,
        "people/emails/wording/<kind>": "reminder",
        "people/chat-bots/<pk>": ChatBot.objects.create(
            team=world.team, service="slack", language="en", address="https://hooks.slack.com/services/T0/B0/none"
        ).pk,
        "people/merges/<pk>": AccountMerge.objects.get().pk,
        "people/<pk>/absences/<absence>": Absence.objects.get(person=learner).pk,
        "api/<pk>": key_of_manager(world).pk,
        "api/v1/questions/<course>": world.course.identifier,
        "api/v1/questions/<course>/<document>": lesson.id,
        "api/v1/simulations/<course>": world.course.identifier,
        "api/v1/simulations/<course>/<simulation>": world.run.simulation.identifier,
        "surveys/<course>": world.course.identifier,
        "surveys/<course>/<survey>": world.outline.survey_id,
        "media/<course>": world.course.identifier,
        "media/<course>/<digest>": figure.digest[:DIGEST_LENGTH],
        "media/<course>/<digest>/<name>": figure.path.removeprefix(MEDIA_FOLDER),
        "branding/logo/<digest>": Logo.objects.create(digest="0" * 64, body=b"PNG", width=1, height=1).pk,
        "branding/colours/<light>": "0f5f73",
        "branding/colours/<light>/<dark>": "none",
        "branding/colours/<light>/<dark>/<digest>": digest_of_stylesheet("#0f5f73", ""),
        "calendar/<secret>": make_feed(learner).rpartition("/")[2].removesuffix(".ics"),
        "unsubscribe/<token>": SIGNER.sign_object([learner.pk, "digest"]),
        "notifications/<pk>": Notification.objects.create(
            kind="enrolled", person=learner, data={"by": None, "subjects": [world.enrollment.pk]}
        ).pk,
        "branding/<course>": world.course.identifier,
        "help/<role>": "manager",
        "accounts/two-factor/passkey/<pk>": 1,
        "accounts/password/reset/key/<uidb36>": user_pk_to_url_str(learner),
        "accounts/password/reset/key/<uidb36>-<key>": LinkTokens().make_token(learner),
        "admin/r/<content_type_id>": apps.get_model("contenttypes.ContentType").objects.get_for_model(User).pk,
        "admin/r/<content_type_id>/<object_id>": learner.pk,
        "admin/accounts/team/enrolling/<pk>": enrolling.begin_enrolling([world.team], world.course, due_on=None).pk,
        "admin/<app_label>": "accounts",
        "admin/<url>": "nowhere",
    }
    revisions = list(lesson_document(world).revisions.order_by("number").values_list("pk", flat=True))
    document = "admin/content/document/<pk>"
    places |= {
        f"{document}/restore/<revision>": revisions[0],
        f"{document}/compare/<old>": revisions[0],
        f"{document}/compare/<old>/<new>": revisions[1],
    }
    objects = {model._meta: object_of(model, world).pk for model in admin_models()}
    return places | {
        f"admin/{meta.app_label}/{meta.model_name}/<{name}>": pk
        for meta, pk in objects.items()
        for name in ("object_id", "pk")
    }


def key_of_manager(world):
    manager = manager_of(world.team)
    make_key(manager, name="Charts", ends_on=dates.site_day() + timedelta(days=30))
    return ApiKey.objects.get(person=manager)


def trained_outside(world):
    """Years ago, so that the learner is still certified by a certificate."""
    said = {"trained_on": date(2020, 1, 2), "valid_until": date(2021, 1, 2), "proof": "Certificate 17"}
    training = ExternalTraining(person=world.learner, course=world.course, **said)
    record_external_training([training], by=manager_of(world.team))
    return ExternalTraining.objects.get()


ROSTER = {"file_name": "people.csv", "digest": "0" * 64, "by": None, "is_complete": False}


def roster_of(world):
    """A roster import by HR without changes."""
    return store_plan(Plan(notes={"many_leave": False, "alone": [], "rows": 1, "people": 1, "encoding": ""}), **ROSTER)


def rule_about(team, course, *, by):
    terms = {"name": "New people", "team": team, "due_days": 14, "acts_since": timezone.localdate()}
    return make_rule(course, RuleVersion(**terms), by=by)


def open_question(world):
    """A question of the lesson, or, if it has none, one without answers."""
    questions = store.page(world.course.current, world.lesson.id, world.course.source_language).questions
    return next((key for key, question in questions.items() if question.kind == "open"), world.lesson.check[0].id)


def admin_models():
    from django.contrib import admin

    return list(admin.site._registry)


def object_of(model, world):
    """An object of the learner, or, if there is none, the newest one."""
    own = {
        User: world.learner,
        Team: world.team,
        Group: Group.objects.get(name="Editors"),
        Enrollment: world.enrollment,
    }
    own |= {Course: world.course, ExamAttempt: world.passed, Document: lesson_document(world)}
    found = own.get(model) or model._default_manager.order_by("pk").last()
    assert found, f"tests/world.py: the learner has no {model._meta.label} yet; make one in make_world"
    return found


def lesson_document(world):
    return Document.objects.get(course=world.course, identifier=world.lesson.id)
