"""That a lead talked with somebody about a run: a fact of its own, so that nobody is sent there again for the same."""

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User
from courseware.evidence.recording import NewEvent
from courseware.learning.models import Enrollment
from courseware.lib.dates import site_day


class TalkQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(taken_back_at=None)

    def last_about(self, enrollments: Collection[int]) -> dict[int, datetime]:
        """Key of each of these runs → when it was last talked about. Runs one query."""
        found = self.standing().filter(enrollment__in=enrollments).order_by().values_list("enrollment")
        return dict(found.annotate(Max("made_at")))


class Talk(models.Model):
    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    taken_back_at = models.DateTimeField(null=True)

    objects = TalkQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("talk"), _("talks")
        ordering = ["pk"]

    def __str__(self):
        return f"{self.enrollment} · {self.made_at:%Y-%m-%d}"


def talks_of_day(runs: Collection[Enrollment]) -> dict[int, Talk]:
    """Key of each of these runs → the talk about it that was noted today by the clock of the site.

    Not where the learner has done something since: then it is another thing to talk about.
    """
    acted_at = {run.pk: run.last_active_at for run in runs}
    found = Talk.objects.standing().filter(enrollment__in=acted_at).select_related("made_by")
    today = {talk.enrollment_id: talk for talk in found if site_day(talk.made_at) == site_day()}
    return {run: talk for run, talk in today.items() if talk.made_at >= (acted_at[run] or talk.made_at)}


def note_talks(runs: Collection[Enrollment], *, by: User) -> tuple[list[Talk], list[NewEvent]]:
    """(those that are new, what to log). The runs are locked; what is among `talks_of_day` is not noted again."""
    known = talks_of_day(runs)
    new = Talk.objects.bulk_create(Talk(enrollment=run, made_by=by) for run in runs if run.pk not in known)
    return new, [NewEvent("talk-noted", talk.enrollment, by, {"talk": talk.pk}, talk.made_at) for talk in new]


def take_back_talks(talks: Collection[Talk], *, by: User) -> list[NewEvent]:
    """What to log. Their runs are locked."""
    fresh = list(Talk.objects.standing().filter(pk__in=[talk.pk for talk in talks]).select_related("enrollment"))
    at = timezone.now()
    Talk.objects.filter(pk__in=[talk.pk for talk in fresh]).update(taken_back_at=at)
    return [NewEvent("talk-taken-back", talk.enrollment, by, {"talk": talk.pk}, at) for talk in fresh]
