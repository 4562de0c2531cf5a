"""Random event sequences of an exam attempt, compared with a model.

`pytest --hypothesis-profile=deep` runs 500 sequences of 50 steps.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as play

from courseware.assessment.exams import attempts
from courseware.assessment.exams.attempts import AttemptClosed, NewerAnswer, NotEligible
from courseware.assessment.models import Certificate, ExamAttempt
from courseware.content.models import RenderedPage
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from courseware.learning.models import Completion, Enrollment
from courseware.reporting.integrity.check_all import differences
from tests.assessment.exams import MONDAY, WORDS, exam_files, make_course, ready
from tests.making import make_user

pytestmark = pytest.mark.slow
IS_DEEP = settings.get_current_profile_name() == "deep"
SIZE = settings(
    max_examples=500 if IS_DEEP else 7,
    stateful_step_count=50 if IS_DEEP else 40,
    suppress_health_check=list(HealthCheck),
)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
LIMIT, GRACE = 30 * MINUTE, 10 * SECOND
EXAM_OPTIONS = {
    "questions": 12,
    "retakes": "retakes:\n  - {wait: 10 min}\n  - {wait: 0 min}\nreopens: 7 days\n",
    "time_limit": "30",
}
RETAKE_WAITS = [10 * MINUTE, timedelta(0), 7 * DAY]  # after attempts 1, 2 and 3 of a row


@dataclass(frozen=True)
class ExamRelease:
    """The exam as one release defines it."""

    is_edited: bool = False
    mark: int = 50
    has_exam: bool = True

    def key(self, question):
        """Position of the right option. An edit makes another option right in questions with odd numbers."""
        number = int(question.removeprefix("q"))
        place = number % 3
        if self.is_edited and number % 2:
            return 0 if place else 1
        return place

    def files(self):
        files = exam_files(pass_mark=self.mark, **EXAM_OPTIONS)
        if self.is_edited:
            files = {path: edited(path, body.decode()).encode() for path, body in files.items()}
        if not self.has_exam:
            files = {path: body for path, body in files.items() if not path.startswith("02-end/")}
            for path in ("course.zh-hans.md", "course.en.md"):
                files[path] = files[path].replace(b", passed: [last-cup]", b"")
        return files


def edited(path, text):
    if "tea.bank" not in path:
        return text
    language = path.split(".")[-2]
    _question, key, wrong, _reason = WORDS[language]
    for number in range(1, 13, 2):
        text = text.replace(f"- [x] {key} {number}\n", f"- [ ] {key} {number}\n")
        text = text.replace(f"- [ ] {wrong} {number}a\n", f"- [x] {wrong} {number}a\n")
    return text


@dataclass
class ModelAttempt:
    """Expected attempt. `given`: by position, each (page, number of its request, answer) that took effect."""

    pk: int
    number: int
    edition: ExamRelease
    began: datetime
    questions: list
    given: dict = field(default_factory=lambda: {position: [] for position in range(1, 5)})
    was_found_over: bool = False
    handed_in: datetime | None = None
    row: list | None = None  # stored values at submission

    def answer(self, position):
        return self.given[position][-1][2] if self.given[position] else None

    def points(self):
        right = [self.answer(place) == [self.edition.key(each)] for place, each in enumerate(self.questions, start=1)]
        return sum(right)

    def is_passed(self):
        return self.points() / 4 >= self.edition.mark / 100

    def is_late(self, now):
        return self.was_found_over or now > self.began + LIMIT + GRACE


@dataclass
class Tab:
    """Page of an attempt. By position: saves shown, known length of `ModelAttempt.given`, sends without reply.
    `on_the_way`: requests that may still arrive."""

    model: ModelAttempt
    shown: dict
    knows: dict
    page: uuid.UUID = field(default_factory=uuid.uuid4)
    sent: dict = field(default_factory=lambda: dict.fromkeys(range(1, 5), 0))
    posts: int = 0
    on_the_way: list = field(default_factory=list)
    last: tuple | None = None


class AttemptMachine(RuleBasedStateMachine):
    tabs = Bundle("tabs")

    def __init__(self):
        super().__init__()
        self.all_or_nothing = transaction.atomic()
        self.all_or_nothing.__enter__()
        self.now, self.edition, self.models = MONDAY, ExamRelease(), []

    @initialize(target=tabs)
    def begin(self):
        self.enrollment = ready(make_course(pass_mark=50, **EXAM_OPTIONS), make_user())
        self.start()
        return multiple(self.tab(), self.tab())

    def teardown(self):
        try:
            if hasattr(self, "enrollment"):
                assert list(differences()) == []
        finally:
            transaction.set_rollback(True)
            self.all_or_nothing.__exit__(None, None, None)
            store.clear_caches()  # primary keys are reused by the next sequence

    # State

    def row(self, model):
        attempt = ExamAttempt.objects.get(pk=model.pk)
        facts = (attempt.submitted_at, attempt.points, attempt.is_passed, attempt.pass_mark, attempt.release_id)
        asked = attempt.responses.values_list("question", "response", "saves", "is_right", "revision", "saved_at")
        return [facts, *asked.order_by("position")]

    def open_model(self):
        return next((model for model in self.models if not model.handed_in), None)

    def may_start(self):
        if not self.models:
            return True
        last = self.models[-1]
        return not last.is_passed() and self.now >= last.handed_in + RETAKE_WAITS[(last.number - 1) % 3]

    # Events

    @rule()
    def start(self):
        try:
            attempt = attempts.start(Enrollment.objects.get(pk=self.enrollment.pk), "last-cup", at=self.now)
        except RenderedPage.DoesNotExist:
            assert not self.edition.has_exam
            return
        except NotEligible:
            assert not self.open_model() and not self.may_start()
            return
        assert self.edition.has_exam
        if open_attempt := self.open_model():
            assert attempt.pk == open_attempt.pk
            return
        assert self.may_start()
        questions = list(attempt.responses.order_by("position").values_list("question", flat=True))
        assert len(set(questions)) == 4
        self.models.append(ModelAttempt(attempt.pk, len(self.models) + 1, self.edition, self.now, questions))

    @precondition(lambda self: self.models)
    @rule(target=tabs)
    def open_tab(self):
        return self.tab()

    def tab(self):
        model = self.models[-1]
        shown = dict(ExamAttempt.objects.get(pk=model.pk).responses.values_list("position", "saves"))
        return Tab(model, shown, {position: len(given) for position, given in model.given.items()})

    places = st.sampled_from([1, 1, 1, 2])  # few positions, so that one gets many events
    answers = st.sampled_from([None, [0], [1]])

    @rule(tab=tabs, position=places, answer=answers)
    def save(self, tab, position, answer):
        self.deliver(tab, self.post(tab, position, answer))

    @rule(tab=tabs, position=st.integers(1, 4))
    def save_right(self, tab, position):
        self.save(tab, position, [tab.model.edition.key(tab.model.questions[position - 1])])

    @rule(tab=tabs, position=places, answer=answers)
    def save_that_does_not_arrive_yet(self, tab, position, answer):
        tab.on_the_way.append(self.post(tab, position, answer))
        tab.sent[position] += 1

    @rule(tab=tabs)
    def one_arrives_late(self, tab):
        if tab.on_the_way:
            self.deliver(tab, tab.on_the_way.pop(), is_heard=False)

    @rule(tab=tabs, position=places, answer=answers)
    def save_whose_reply_is_lost(self, tab, position, answer):
        self.deliver(tab, self.post(tab, position, answer), is_heard=False)
        tab.sent[position] += 1

    @rule(tab=tabs, position=places, first=answers, second=answers)
    def one_save_overtakes_another(self, tab, position, first, second):
        self.save_that_does_not_arrive_yet(tab, position, first)
        self.save(tab, position, second)
        self.one_arrives_late(tab)

    @rule(tab=tabs)
    def send_the_same_once_more(self, tab):
        if tab.last:
            self.deliver(tab, tab.last)

    def post(self, tab, position, answer):
        tab.posts += 1
        tab.last = (position, answer, tab.shown[position], tab.sent[position], tab.knows[position], tab.posts)
        return tab.last

    def deliver(self, tab, post, *, is_heard=True):
        position, answer, shown, sent, knows, number = post
        model, given = tab.model, tab.model.given[position]
        is_open = not model.handed_in and not model.is_late(self.now)
        since = given[knows:]
        is_outdated = any(page != tab.page or later > number for page, later, _answer in since)
        is_same = model.answer(position) == answer
        counts = not is_same or (sent and not is_outdated and given[-1:] != [(tab.page, number, answer)])
        raw = [str(place) for place in answer or []]
        attempt = ExamAttempt.objects.with_release().select_related("enrollment").get(pk=model.pk)
        try:
            kept = attempts.save(attempt, position, raw, saves=shown, sent=sent, page=tab.page, at=self.now)
        except AttemptClosed:
            assert not is_open
            if not model.handed_in and self.now <= model.began + LIMIT + GRACE + DAY:
                model.was_found_over = True
            return
        except NewerAnswer:
            assert is_open and is_outdated and not is_same
            return
        assert is_open and (is_same or not is_outdated)
        assert kept.response == answer
        if counts:
            given.append((tab.page, number, answer))
        if is_heard:
            tab.shown[position], tab.knows[position], tab.sent[position] = kept.saves, len(given), 0

    @precondition(lambda self: self.models)
    @rule(times=st.sampled_from([0, 0, 0, 1, 2]))  # mostly 0, so that sequences are long
    def submit(self, times):
        model = self.models[-1]
        for _time in range(times):
            attempt = ExamAttempt.objects.with_release().select_related("enrollment").get(pk=model.pk)
            attempt = attempts.submit(attempt, at=self.now)
            model.handed_in = model.handed_in or self.now
            outcome = (attempt.submitted_at, attempt.points, attempt.is_passed)
            assert outcome == (model.handed_in, model.points(), model.is_passed())
        if model.handed_in:
            model.row = model.row or self.row(model)

    @precondition(lambda self: self.edition.has_exam and not self.open_model() and not self.models[-1].is_passed())
    @rule(target=tabs)
    def start_again_once_it_may_be(self):
        self.now = max(self.now, self.models[-1].handed_in + RETAKE_WAITS[(len(self.models) - 1) % 3])
        self.start()
        return self.tab()

    @rule(passed=st.sampled_from([SECOND, MINUTE]))
    def time_passes(self, passed):
        self.now += passed

    @precondition(lambda self: not self.open_model())
    @rule(passed=st.sampled_from([9 * MINUTE, 10 * MINUTE, 2 * DAY, 8 * DAY]))
    def much_time_passes(self, passed):
        self.now += passed

    @precondition(lambda self: self.open_model())
    @rule(late=st.sampled_from([-SECOND, timedelta(0), GRACE, GRACE + SECOND]), answer=answers)
    def save_as_the_time_runs_out(self, late, answer):
        self.now = max(self.now, self.open_model().began + LIMIT + late)
        self.save(self.tab(), 1, answer)

    @precondition(lambda self: self.open_model())
    @rule(back=st.sampled_from([MINUTE, 120 * MINUTE, 3 * DAY]), answer=answers)
    def save_after_the_clock_is_set_back(self, back, answer):
        self.now = max(self.now - back, self.open_model().began)
        self.save(self.tab(), 1, answer)

    @rule(is_edited=st.booleans(), mark=st.sampled_from([50, 100]), has_exam=st.sampled_from([True, True, False]))
    def release(self, is_edited, mark, has_exam):
        self.edition = ExamRelease(is_edited, mark, has_exam)
        import_course(self.edition.files())

    # Invariants

    @invariant()
    def every_acknowledged_answer_is_there_and_no_other(self):
        for model in self.models:
            kept = dict(ExamAttempt.objects.get(pk=model.pk).responses.values_list("position", "response"))
            assert kept == {position: model.answer(position) for position in model.given}

    @invariant()
    def there_are_the_attempts_that_were_started_and_one_at_most_is_open(self):
        rows = list(ExamAttempt.objects.order_by("number").values_list("pk", "number", "submitted_at", "pass_mark"))
        assert rows == [(each.pk, each.number, each.handed_in, each.edition.mark) for each in self.models]
        assert len([each for each in self.models if not each.handed_in]) <= 1

    @invariant()
    def what_was_handed_in_never_changes(self):
        for model in self.models:
            assert model.row is None or self.row(model) == model.row

    @invariant()
    def whoever_passed_has_one_completion_and_one_certificate(self):
        has_passed = any(model.handed_in and model.is_passed() for model in self.models)
        completions = Completion.objects.filter(document__kind="exam").count()
        assert (completions, Certificate.objects.count()) == (has_passed, has_passed)


def test_no_event_order_loses_answer_or_changes_submitted_attempt(db, monkeypatch):
    monkeypatch.setattr(attempts, "SystemRandom", lambda: Random(1))  # reproducible draws
    play(AttemptMachine, settings=SIZE)
