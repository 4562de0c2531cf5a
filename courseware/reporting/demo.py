"""A firm to try the product with: people in every state of the board, made by its own verbs with past dates."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Membership, Team, User
from courseware.assessment import attempting
from courseware.assessment.banks import question_of
from courseware.content import serving
from courseware.content.models import Course
from courseware.content.questions import Question
from courseware.content.serving import Step
from courseware.learning import answering, completing, enrolling
from courseware.learning.models import Enrollment
from courseware.lib.dates import due_instant

SIGN_IN_WITH = "try-courseware"  # public, so these accounts are made on request and for this machine only
ACCOUNTS = {
    "learner@example.com": _("a new hire, enrolled and not started"),
    "manager@example.com": _("the team’s manager"),
    "editor@example.com": _("edits lessons in the admin"),
    "admin@example.com": _("may do everything in the admin"),
}


@dataclass(frozen=True)
class Person:
    """A learner of the demo: enrolled so many days ago, due in so many (negative: ago), and how far they came.

    `share` is how much of the lessons before the exam is done, in percent; `exam` how many of the exam's questions
    they answer right (None: not tried), `misses` how many first answers in the lessons are wrong.
    """

    name: str
    address: str
    track: str
    enrolled: int
    due: int | None
    share: int = 0
    exam: int | None = None
    misses: int = 0
    excused: str = ""
    late_shift: bool = False


PEOPLE = [
    Person("周凯", "zhou.kai", "phone", enrolled=17, due=-3, share=60, misses=3),
    Person("Grace Lin", "grace.lin", "chat", enrolled=16, due=-1, share=100, exam=6),
    Person("赵敏", "zhao.min", "desk", enrolled=15, due=-6),
    Person("陈雨", "chen.yu", "phone", enrolled=12, due=2, share=30, misses=1),
    Person("Daniel Park", "daniel.park", "tech", enrolled=12, due=1, late_shift=True),
    Person("吴倩", "wu.qian", "chat", enrolled=7, due=7, share=80),
    Person("林小满", "lin.xiaoman", "phone", enrolled=4, due=10, share=20, late_shift=True),
    Person("何军", "he.jun", "leader", enrolled=2, due=12),
    Person("Maria Santos", "maria.santos", "desk", enrolled=10, due=None, share=50, late_shift=True),
    Person("孙悦", "sun.yue", "phone", enrolled=14, due=0, share=100, exam=10, misses=1),
    Person("Tom Becker", "tom.becker", "leader", enrolled=21, due=-7, share=100, exam=9, misses=2),
    Person("钱一鸣", "qian.yiming", "phone", enrolled=20, due=-6, share=10, excused="调往仓储部，不再接触客户"),
]


@transaction.atomic
def make_demo_firm(at: datetime | None = None) -> None:
    """Accounts, two teams and their learners in the first course. Nothing is made twice: call it on an empty site."""
    at = at or timezone.now()
    course = Course.objects.select_related("current").exclude(current=None).earliest("pk")
    admin = person("admin@example.com", "系统管理员", is_staff=True, is_superuser=True)
    editor = person("editor@example.com", "编辑 · 许可", is_staff=True)
    editor.groups.add(Group.objects.get(name="Editors"))
    manager = person("manager@example.com", "李琳")
    centre = Team.objects.create(name="华东客服中心")
    late_shift = Team.objects.create(name="晚班组", parent=centre)
    join(centre, manager, Membership.Role.MANAGER)

    newcomer = person("learner@example.com", "王小明")
    join(centre, newcomer)
    enrolling.enroll(newcomer, course, due_at=due_at(centre, at, 14), by=admin, at=at)
    for each in PEOPLE:
        learner = person(f"{each.address}@example.com", each.name)
        team = late_shift if each.late_shift else centre
        join(team, learner)
        study(each, learner, course, team, by=admin, now=at)


def person(email: str, name: str, **fields) -> User:
    return User.objects.create_user(email, SIGN_IN_WITH, name=name, **fields)


def join(team: Team, learner: User, role=Membership.Role.LEARNER) -> None:
    Membership.objects.create(team=team, person=learner, role=role)


def due_at(team: Team, at: datetime, days: int | None) -> datetime | None:
    if days is None:
        return None
    return due_instant(at.astimezone(team.zone).date() + timedelta(days=days), team.zone)


def study(each: Person, learner: User, course: Course, team: Team, *, by: User, now: datetime) -> None:
    """Enroll the person and let them learn, spread over the days since."""
    enrolled_at = now - timedelta(days=each.enrolled)
    enrollment = enrolling.enroll(learner, course, due_at=due_at(team, now, each.due), by=by, at=enrolled_at)
    Enrollment.objects.filter(pk=enrollment.pk).update(track=each.track)
    enrollment.refresh_from_db()
    clock = moments(enrolled_at + timedelta(hours=3), now - timedelta(hours=2))
    outline = serving.outline(course.current, course.source_language)
    lessons = [step for step in outline.steps if step.kind == "lesson" and step.is_required]
    misses = each.misses
    for step in lessons[: len(lessons) * each.share // 100]:
        misses -= learn(enrollment, course, step, step.check_for(each.track), misses, clock)
    if each.exam is not None and outline.exam_id:
        sit_exam(enrollment, outline.exam_id, each.exam, clock)
    if each.excused:
        enrolling.waive(enrollment, each.excused, by=by, at=next(clock))


def moments(start: datetime, end: datetime) -> Iterator[datetime]:
    """Working moments that only go forward and never pass `end`: two minutes apart, a new sitting every seventh."""
    at = start
    number = 0
    while True:
        number += 1
        at = min(at + (timedelta(hours=19) if number % 7 == 0 else timedelta(minutes=2)), end)
        yield at


def learn(enrollment, course, step: Step, asked, misses: int, clock) -> int:
    """Do one lesson; the first `misses` questions are first answered wrong. Returns how many were."""
    page = serving.page(course.current, step.id, course.source_language)
    questions = page.questions
    missed = 0
    for question_id in asked:
        question = questions[question_id]
        if missed < misses:
            answer(enrollment, step, question, wrong_response(question), clock)
            missed += 1
        answer(enrollment, step, question, list(question.key), clock)
    if not asked:
        completing.mark_read(enrollment, step, at=next(clock))
    return missed


def answer(enrollment, step: Step, question: Question, response: list[int], clock) -> None:
    raw = [str(place) for place in response]
    answering.answer(enrollment, step, question.id, raw, token=uuid.uuid4(), at=next(clock))


def wrong_response(question: Question) -> list[int]:
    """A response that is not the key, whatever the kind."""
    key = list(question.key)
    if question.kind == "order":
        return key[::-1]
    if question.kind == "sort":
        return [(group + 1) % len(question.groups) for group in key]
    return [next(place for place in range(len(question.choices)) if place not in key)]


def sit_exam(enrollment: Enrollment, exam: str, right: int, clock: Iterator[datetime]) -> None:
    """One attempt with so many right answers."""
    attempt = attempting.start(enrollment, exam, at=next(clock))
    for response in attempt.responses.select_related("bank"):
        question = question_of(attempt, response, enrollment.course.source_language)
        given = list(question.key) if response.position <= right else wrong_response(question)
        attempting.save(attempt, response.position, [str(place) for place in given], saves=0, at=next(clock))
    attempting.submit(attempt, at=next(clock))
