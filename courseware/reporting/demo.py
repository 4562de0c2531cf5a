"""Demo company: accounts, teams and learners in every state, created through the site's own functions."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.people.offboarding import leave
from courseware.accounts.permissions import roles
from courseware.assessment.certificates.external_training import default_expiry, record_external_training
from courseware.assessment.exams import attempts as attempting
from courseware.assessment.exams.banks import question_of
from courseware.assessment.models import ExternalTraining
from courseware.assignments.follow_ups.follow_ups import ASKED_FOR, answer_follow_up
from courseware.assignments.models import RuleVersion
from courseware.assignments.rules import execution
from courseware.assignments.rules.lifecycle import make_rule, switch_on
from courseware.assignments.rules.plan import acting_rules, plan
from courseware.content.models import Course, EmergencyContact
from courseware.content.rendering import store
from courseware.content.rendering.emergency_card import card_sections
from courseware.content.rendering.store import Outline, Step
from courseware.course_format.questions.question_types import Question
from courseware.learning.due_dates.absence_shifts import record_absence
from courseware.learning.due_dates.extensions import request_extension
from courseware.learning.enrollments import enrollment as enrolling
from courseware.learning.lessons import answers
from courseware.learning.manager_actions.exemption import Exempt
from courseware.learning.models import Adjustment, Enrollment
from courseware.learning.status import completion
from courseware.lib.dates import due_instant, site_day
from courseware.simulations import attempts as running
from courseware.simulations.models import TimeSetting
from courseware.simulations.replay import AttemptReplay, replay_of

FIRST_AID = "first-aid"  # the second course; optional
NOTED = "I ask a colleague first."
LEARNER = Membership.Role.LEARNER
LISTED_ON = date(2020, 1, 1)
DEMO_PASSWORD = "try-courseware"  # noqa: S105 - public: demo accounts are only created on request, on a local machine
ACCOUNTS = {
    "learner@example.com": _("a new employee who is enrolled and has not started"),
    "gao.jie@example.com": _("a person who is certified and has an open renewal"),
    "manager@example.com": _("the team’s manager"),
    "editor@example.com": _("an editor, who edits lessons in the admin pages"),
    "hr@example.com": _("HR: people, teams and rules"),
    "auditor@example.com": _("an auditor, who can read all records but cannot change them"),
    "admin@example.com": _("an admin, who can do everything in the admin pages"),
}


@dataclass(frozen=True)
class Studied:
    """Progress of a demo learner in a course. `enrolled`: days ago; `due`: days from today, negative if past. `share`:
    completed percentage of the lessons, with the simulations between them. `misses`: wrong first answers in lessons,
    and bad decisions per 5 in simulations. `start`, `exam`, `again`: wrong answers in pre-test, exam and post-test,
    None if not taken. `forgot_a_rule`: a must-know question of the exam is wrong, too. `decided`: kind of a manager
    action, reason, and days until its date.
    """

    enrolled: int
    due: int | None = None
    share: int = 0
    start: int | None = None
    exam: int | None = None
    again: int | None = None
    forgot_a_rule: bool = False
    misses: int = 0
    decided: tuple[str, str, int | None] | None = None


@dataclass(frozen=True)
class Person:
    """A demo learner. `away`: days until an absence ends; `left`: days since leaving the company; `trained`: days
    since external first-aid training; `asks`: extension request (days from today, reason).
    """

    name: str
    address: str
    job_role: str
    way: Studied
    first_aid: Studied | None = None
    away: int | None = None
    left: int | None = None
    trained: int | None = None
    late_shift: bool = False
    asks: tuple[int, str] | None = None


CARD = {  # section → contact in Chinese, contact in English, phone number
    "fire": ("消防控制室", "Fire control room", "8119"),
    "breach": ("信息安全值班", "Security on duty", "8300"),
    "attack": ("信息安全值班", "Security on duty", "8300"),
    "threat": ("保安值班台", "Guard desk", "8110"),
    "scam": ("信息安全值班", "Security on duty", "8300"),
    "collapse": ("急救员（AED 在一楼大厅）", "First aider (AED: ground-floor lobby)", "8120"),
    **dict.fromkeys(("unconscious", "choking", "bleeding", "burn"), ("急救员", "First aider", "8120")),
}
SAY_EVERY = 5  # people
RULED = 12  # days since the assignment rules were switched on
PEOPLE = [
    Person(
        "周凯", "zhou.kai", "phone", Studied(enrolled=17, due=-3, share=60, start=4, misses=3),
        asks=(4, "这几天替班，周末补上"),
    ),
    Person("Grace Lin", "grace.lin", "chat", Studied(enrolled=16, due=-1, share=100, start=3, exam=6)),
    Person("赵敏", "zhao.min", "desk", Studied(enrolled=15, due=-6)),
    Person("陈雨", "chen.yu", "phone", Studied(enrolled=12, due=2, share=30, start=2, misses=1)),
    Person("Daniel Park", "daniel.park", "tech", Studied(enrolled=12, due=1), late_shift=True),
    Person("吴倩", "wu.qian", "chat", Studied(enrolled=7, due=7, share=80, start=3)),
    Person(
        "林小满", "lin.xiaoman", "phone", Studied(enrolled=4, due=10, share=20),
        first_aid=Studied(enrolled=RULED, share=70, misses=1), late_shift=True,
    ),
    Person("何军", "he.jun", "leader", Studied(enrolled=2, due=12, start=1), away=9, trained=120),
    Person("马丽", "ma.li", "chat", Studied(enrolled=9, due=5, share=100, start=2, exam=0, forgot_a_rule=True)),
    Person(
        "Maria Santos", "maria.santos", "desk", Studied(enrolled=10, due=None, share=50),
        first_aid=Studied(enrolled=RULED, share=100, exam=1), late_shift=True,
    ),
    Person(
        "孙悦", "sun.yue", "phone", Studied(enrolled=14, due=0, share=100, start=3, exam=0, again=1, misses=1),
        first_aid=Studied(enrolled=6, due=8, share=40),
    ),
    Person(
        "Tom Becker", "tom.becker", "leader",
        Studied(enrolled=52, due=-38, share=100, start=4, exam=1, again=1, misses=2),
    ),
    Person("高洁", "gao.jie", "phone", Studied(enrolled=350, due=-336, share=100, start=3, exam=1, misses=1)),
    Person(
        "钱一鸣", "qian.yiming", "phone",
        Studied(enrolled=20, due=-6, share=10, decided=(Exempt.kind, "调往仓储部，不再接触客户", None)),
    ),
    Person("郑浩", "zheng.hao", "tech", Studied(enrolled=40, due=-12, share=40, start=2), left=15),
]  # fmt: skip


@transaction.atomic
def create_demo_company(at: datetime | None = None, *, say: Callable[[str], object] = lambda line: None) -> None:
    """Fill an empty site that has a released course (not checked) with demo accounts. `say` gets lines of progress."""
    at = at or timezone.now()
    courses = Course.objects.select_related("current").exclude(current=None).order_by("pk")
    course, first_aid = courses[0], courses.filter(identifier=FIRST_AID).first()
    admin = person("admin@example.com", "系统管理员", is_staff=True, is_superuser=True)
    editor = person("editor@example.com", "编辑 · 许可", is_staff=True)
    editor.groups.add(Group.objects.get(name="Editors"))
    hr = person("hr@example.com", "杨岚")
    hr.groups.add(Group.objects.get(name=roles.HR))
    auditor = person("auditor@example.com", "审计 · 罗申", audits_until=at.date() + timedelta(days=365))
    auditor.groups.add(Group.objects.get(name=roles.AUDITORS))
    manager = person("manager@example.com", "李琳")
    centre = Team.objects.create(name="华东客服中心")
    late_shift = Team.objects.create(name="晚班组", parent=centre)
    join(centre, manager, Membership.Role.MANAGER)

    for every_course in courses:
        fill_in_the_card(every_course)

    newcomer = person("learner@example.com", "王小明")
    join(centre, newcomer)
    enrolling.enroll(newcomer, course, due_at=due_at(centre, at, 14), by=admin, at=at)
    learners = {each: person(f"{each.address}@example.com", each.name, job_role=each.job_role) for each in PEOPLE}
    for number, (each, learner) in enumerate(learners.items()):
        if number % SAY_EVERY == 0:
            say(f"demo people: {number} of {len(learners)} done")
        team = late_shift if each.late_shift else centre
        join(team, learner)
        study(each.way, learner, course, team, by=admin, now=at)
        notice(each, learner, team, by=hr, now=at)
    switch_on_rules(centre, late_shift, course, first_aid, by=hr, at=at - timedelta(days=RULED))
    if first_aid:
        enrolling.enroll(newcomer, first_aid, due_at=due_at(centre, at, 30), by=hr, at=at)
        for each, learner in learners.items():
            if each.first_aid:
                study(each.first_aid, learner, first_aid, centre, by=hr, now=at)
            if each.trained:
                day = site_day(at) - timedelta(days=each.trained)
                record_external_training([trained_elsewhere(learner, first_aid, day)], by=hr, at=at)
    for enrollment in Enrollment.objects.filter(completed_at__lt=at - ASKED_FOR * 2).select_related("course__current"):
        answer_follow_ups(enrollment, by=manager)


def answer_follow_ups(enrollment: Enrollment, *, by: User) -> None:
    """Answer the follow-ups of this enrollment, 2 days after each was due."""
    for survey in store.outline(enrollment.release, enrollment.source_language).follow_up_surveys:
        page = store.page(enrollment.release, survey.id, enrollment.source_language)
        best = {question["id"]: 0 for question in page.data["questions"] if question["kind"] == "one"}
        day = site_day(enrollment.completed_at) + timedelta(days=survey.after_days + 2)
        answer_follow_up(enrollment, survey, best, revision=page.revision_id, by=by, day=day)


def fill_in_the_card(course: Course) -> None:
    for section in card_sections(course, course.source_language):
        if section in CARD:
            *names, number = CARD[section]
            for language, contact in zip(("zh-hans", "en"), names, strict=True):
                EmergencyContact.objects.create(
                    course=course, section=section, who=contact, number=number, language=language
                )


def person(email: str, name: str, **fields) -> User:
    # Listed long ago, so that their answers count in statistics at once.
    return User.objects.create_user(email, DEMO_PASSWORD, name=name, is_demo=True, listed_on=LISTED_ON, **fields)


def join(team: Team, learner: User, role=LEARNER) -> None:
    Membership.objects.create(team=team, person=learner, role=role)


def due_at(team: Team, at: datetime, days: int | None) -> datetime | None:
    """Return the end of the day `days` after `at` in the team's time zone; None without `days`."""
    if days is None:
        return None
    return due_instant(at.astimezone(team.zone).date() + timedelta(days=days), team.zone)


def notice(each: Person, learner: User, team: Team, *, by: User, now: datetime) -> None:
    """Record this person's extension request, absence and leaving, if any."""
    if each.asks:
        days, why = each.asks
        day = now.astimezone(team.zone).date() + timedelta(days=days)
        request_extension(Enrollment.objects.newest().get(learner=learner), day, why, at=now - timedelta(hours=1))
    if each.away:
        today = now.astimezone(team.zone).date()
        record_absence(learner, today, today + timedelta(days=each.away), why="年假", by=by, at=now)
    if each.left:
        leave(learner, by=by, at=now - timedelta(days=each.left))


def trained_elsewhere(learner: User, course: Course, day: date) -> ExternalTraining:
    proof = {"proof": "红十字会救护员证", "reference": "人事档案 2-17"}
    return ExternalTraining(
        person=learner, course=course, trained_on=day, valid_until=default_expiry(course, day), **proof
    )


def switch_on_rules(centre: Team, late_shift: Team, course: Course, first_aid: Course | None, *, by: User, at) -> None:
    """Switch on and run the rules: renew certificates in `course`; enroll the late shift in `first_aid`, if any."""
    since = site_day(at)
    renewal = {"renewal": RuleVersion.Renewal.SHORT, "renewal_days": 60}
    terms = {"role": LEARNER, "due": RuleVersion.Due.AFTER_ASSIGNMENT, "acts_since": since}
    make_and_switch_on(
        course, RuleVersion(name="证书每年更新", team=centre, due_days=14, **renewal, **terms), by=by, at=at
    )
    if first_aid:
        terms |= {"name": "晚班组人人会急救", "team": late_shift, "due_days": 30}
        make_and_switch_on(first_aid, RuleVersion(**terms), by=by, at=at)
    people = {intent.person for intent in plan(list(acting_rules()), since) if intent.is_action}
    execution.act_on(sorted(people), since, at=at)


def make_and_switch_on(course: Course, version: RuleVersion, *, by: User, at: datetime) -> None:
    switch_on(make_rule(course, version, by=by, at=at), by=by, at=at)


def study(studied: Studied, learner: User, course: Course, team: Team, *, by: User, now: datetime) -> None:
    """Enroll a learner and do everything of `studied` in the course, whose days are relative to `now`."""
    enrolled_at = now - timedelta(days=studied.enrolled)
    enrollment = enrolling.enroll(learner, course, due_at=due_at(team, now, studied.due), by=by, at=enrolled_at)
    if studied.share:  # before the start, the lesson asks for the job role
        Enrollment.objects.filter(pk=enrollment.pk).update(job_role=learner.job_role)
        enrollment.refresh_from_db()
    clock = moments(enrolled_at + timedelta(hours=3), now - timedelta(hours=2))
    outline = store.outline(enrollment.release, enrollment.source_language)
    lessons = [step for step in outline.steps if step.kind == "lesson" and step.is_required]
    misses = studied.misses
    if studied.start is not None and outline.pre_check_id:
        take_exam(enrollment, outline.pre_check_id, studied.start, clock)
    chosen = lessons[: len(lessons) * studied.share // 100]
    for step in on_the_way(outline, chosen):
        if step.kind == "lesson":
            misses -= learn(enrollment, step, misses, clock)
        else:
            play(enrollment, step, clock, slips=studied.misses)
    if studied.exam is not None and outline.exam_id:
        take_exam(enrollment, outline.exam_id, studied.exam, clock, forgets_a_rule=studied.forgot_a_rule)
    if studied.again is not None and outline.pre_check_id and outline.again_after:
        take_exam(enrollment, outline.pre_check_id, studied.again, clock)
    if studied.decided:
        kind, reason, days = studied.decided
        day = None if days is None else now.astimezone(team.zone).date() + timedelta(days=days)
        adjustment = Adjustment(kind=kind, reason=reason, due_on=day, made_by=by)
        enrolling.alone(enrollment, adjustment, at=next(clock))


def on_the_way(outline: Outline, lessons: list[Step]) -> Iterator[Step]:
    """Yield these lessons in course order, and the simulations before the first required lesson not among them."""
    done = {step.id for step in lessons}
    for step in outline.steps:
        if step.kind == "lesson" and step.is_required and step.id not in done:
            return
        if step.id in done or (step.kind == "simulation" and done):
            yield step


def moments(start: datetime, end: datetime) -> Iterator[datetime]:
    # 2 minutes apart, with a 19-hour break before every seventh; never later than `end`.
    at = start
    number = 0
    while True:
        number += 1
        at = min(at + (timedelta(hours=19) if number % 7 == 0 else timedelta(minutes=2)), end)
        yield at


def learn(enrollment, step: Step, misses: int, clock) -> int:
    """Complete a lesson with up to `misses` wrong first answers in the check; return how many. `clock`: next times."""
    page = store.page(enrollment.release, step.id, enrollment.source_language)
    asked = completion.asked_of(enrollment, page)
    check = [asked.pop(question.id) for question in step.check if question.id in asked]
    begun_at = next(clock)
    for question in asked.values():  # exercises, before the check
        answer(enrollment, step, question, list(question.key), begun_at)
    missed = min(misses, len(check))
    for number, question in enumerate(check):
        if number < missed:
            answer(enrollment, step, question, wrong_response(question), next(clock))
        answer(enrollment, step, question, list(question.key), next(clock))
    if not check and not asked:
        completion.mark_read(enrollment, step, at=begun_at)
    return missed


def answer(enrollment, step: Step, question: Question, response: list[int], at: datetime) -> None:
    raw = [NOTED] if question.kind == "open" else [str(position) for position in response]
    answers.answer(enrollment, step, question.id, raw, token=uuid.uuid4(), at=at)


def play(enrollment: Enrollment, step: Step, clock: Iterator[datetime], *, slips: int) -> None:
    """Play an attempt with `slips` bad decisions in every 5; if it does not count, play another without any."""
    attempt = running.start(enrollment, step.id, timing=TimeSetting.OFF, at=next(clock))
    replay, at = replay_of(attempt), attempt.started_at
    while not replay.ending:
        at += timedelta(seconds=7 + 4 * (replay.position % 3))
        position, picked = (
            worst(replay) if (replay.position + attempt.pk) % 5 < slips else replay.rules.best(replay.state)
        )
        replay = running.decide(attempt, replay.position, position, picked, at=at)
    if not replay.is_done:
        play(enrollment, step, clock, slips=0)


def worst(replay: AttemptReplay) -> tuple[int, list[int]]:
    """Return (index of the worst choice, no message parts)."""
    ratings = {each: replay.rules.points(replay.node.id, each) for each in replay.rules.offered(replay.state)}
    return min(ratings, key=lambda each: ratings[each]), []


def wrong_response(question: Question) -> list[int]:
    """Return positions (groups in .sort) that answer the question wrong."""
    key = list(question.key)
    if question.kind == "order":
        return key[::-1]
    if question.kind == "sort":
        return [(group + 1) % len(question.groups) for group in key]
    return [next(position for position in range(len(question.choices)) if position not in key)]


def take_exam(
    enrollment: Enrollment, exam: str, misses: int, clock: Iterator[datetime], *, forgets_a_rule=False
) -> None:
    """Take an exam or test (id). Wrong: the last `misses` answers; with `forgets_a_rule`, also a must-know one."""
    attempt = attempting.start(enrollment, exam, at=next(clock))
    responses = list(attempt.responses.select_related("bank"))
    wrong = {response.position for response in responses[len(responses) - misses :]}
    must_know = [response.position for response in responses if response.is_critical]
    wrong |= set(must_know[:1] if forgets_a_rule else ())
    for response in responses:
        question = question_of(attempt, response, enrollment.source_language)
        given = wrong_response(question) if response.position in wrong else list(question.key)
        attempting.save(attempt, response.position, [str(position) for position in given], saves=0, at=next(clock))
    attempting.submit(attempt, at=next(clock))
