"""Anonymous group statistics, stored in steps of 5 people counted once (docs/decisions/0039), and who sees them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import F
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language

from courseware.accounts.models import User
from courseware.accounts.permissions.permissions import may_preview, sees_whole_company, teams_managed_by
from courseware.content.models import Course, Document, RenderedPage
from courseware.content.rendering.store import PageData, page
from courseware.lib.disclosure import STEP

NO_TEAM = 0  # people without a team, or waiting too long; shown to users who see the whole company


class Subject(NamedTuple):
    """Subject of a statistic in a course. Another `shape` of the question or situation starts a new count."""

    name: str
    shape: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the shape, or ""."""
        return sha256(self.shape.encode()).hexdigest() if self.shape else ""


class Counted(NamedTuple):
    """Numbers (name → number) that one learner (id) adds to a subject, from `day` on."""

    learner: int
    day: date
    numbers: Mapping[str, int]


@dataclass
class GroupSum:
    """Statistics of one or several groups together."""

    people: int = 0
    numbers: Counter[str] = field(default_factory=Counter)


class StatisticsTeam(models.Model):
    """The team a learner is counted with in a course. It never changes, so that no learner is counted twice."""

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="+")
    team = models.PositiveBigIntegerField(help_text="Its key, also after it was closed; 0: in none")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["course", "learner"], name="counted_with_one_team_in_a_course")]

    def __str__(self) -> str:
        return f"{self.learner_id} · {self.course_id} · {self.team}"


class GroupStatisticQuerySet(models.QuerySet):
    def shown_to(self, user: User) -> "GroupStatisticQuerySet":
        """Return all statistics for staff and users who see the company, else those of managed teams."""
        if user.is_staff or sees_whole_company(user):
            return self
        return self.filter(team__in=teams_managed_by(user).values("pk"))

    def by_team(self, course: int, subjects: Iterable[Subject]) -> dict[tuple[Subject, int], GroupSum]:
        """Return (subject, team id or NO_TEAM) → statistics, only if people are counted. `course`: id. Runs 1 query."""
        wanted = {(subject.name, subject.digest): subject for subject in subjects}
        rows = self.filter(course=course, name__in={subject.name for subject in wanted.values()}, people__gt=0)
        return {
            (wanted[name, shape], team): GroupSum(people, Counter(numbers))
            for name, shape, team, people, numbers in rows.order_by("pk").values_list(
                "name", "shape", "team", "people", "numbers"
            )
            if (name, shape) in wanted
        }

    def summed(self, course: int, subjects: Iterable[Subject]) -> dict[Subject, GroupSum]:
        """Return subject → sum over the teams of this queryset, as a defaultdict. `course`: id. Runs 1 query."""
        sums: defaultdict[Subject, GroupSum] = defaultdict(GroupSum)
        for (subject, _team), found in self.by_team(course, subjects).items():
            sums[subject].people += found.people
            sums[subject].numbers += found.numbers
        return sums


class GroupStatistic(models.Model):
    """Anonymous statistic of a subject about the people counted with a team."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=420)
    shape = models.CharField(max_length=64, blank=True, help_text="A digest of the shape of what was answered")
    team = models.PositiveBigIntegerField(help_text="Id of the team, also after it was closed; 0: the company")
    people = models.PositiveIntegerField(default=0)
    numbers = models.JSONField(default=dict)
    counted_on = models.DateField(null=True, help_text="The day of the last step")
    taken = models.PositiveIntegerField(
        default=0, help_text="Number of its people who were counted, here or in a team above"
    )

    objects = GroupStatisticQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "name", "shape", "team"], name="one_figure_of_a_team"),
            models.CheckConstraint(
                condition=models.Q(people=F("people") / STEP * STEP), name="people_are_counted_by_fives"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} · {self.team}"


# Documents whose statistics a user may see, on pages and through the API


def released_document_or_404(user, course: str, identifier: str, *kinds: Document.Kind) -> tuple[Document, PageData]:
    """Return (document of one of `kinds`, its published page in the active language) by identifiers. Raise `Http404` if
    there is none or `user` may not preview courses (`may_preview`).
    """
    if not may_preview(user):
        raise Http404
    found = get_object_or_404(Course.objects.select_related("current"), identifier=course)
    if found.current is None:
        raise Http404(course)
    document = get_object_or_404(Document, course=found, identifier=identifier, kind__in=kinds)
    try:
        return document, page(found.current, identifier, get_language())
    except RenderedPage.DoesNotExist:
        raise Http404(identifier) from None


def asked_or_404(user, course: str, identifier: str) -> tuple[Document, PageData]:
    """As `released_document_or_404`, for lessons and, if `user` is staff, question banks, which exams may use."""
    kinds = [Document.Kind.LESSON, *([Document.Kind.BANK] if user.is_staff else [])]
    return released_document_or_404(user, course, identifier, *kinds)
