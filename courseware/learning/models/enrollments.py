"""Models of enrollments, answers, completions, acknowledged changes, lesson reports and surveys."""

import uuid
import zoneinfo
from datetime import date

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from courseware.accounts.calendar.absences import absent_now
from courseware.accounts.models import Team, time_zones
from courseware.accounts.permissions.permissions import (
    audits,
    handles_people,
    is_no_staff,
    is_not_for_admins,
    people_managed_by,
    undecidable_ids,
)
from courseware.accounts.teams.memberships import lock_memberships_shared
from courseware.content.course_titles import course_title
from courseware.content.models import Course, Document, Release, Revision
from courseware.learning.enrollments.newest import NewestEnrollments
from courseware.learning.models.adjustments import AbsenceShift
from courseware.learning.status import certification_status, not_asked, states
from courseware.learning.status.headcounts import HeadcountChange, HeadcountKey, record_changes
from courseware.lib import dates
from courseware.lib.db.condition_eval import fulfils


class NotPublished(Exception):
    """An enrollment is in a course without a release. The product never creates this state."""


def zone_named(name):
    """Return the time zone with this name; for None or "", that of the site."""
    return zoneinfo.ZoneInfo(name or settings.TIME_ZONE)


# Columns that determine the headcount key. A test compares them with the columns that states depend on.
HEADCOUNT_COLUMNS = {*states.PLACES_WITHOUT_DAY, "due_at", "started_at", "is_newest"}


class EnrollmentQuerySet(NewestEnrollments):
    def open(self):
        """Return enrollments neither completed nor exempt. See `asked` for work to do now."""
        return self.filter(states.OPEN)

    def asked(self, at=None, *, ignoring=()):
        """Return enrollments with something to do at `at` (default: now). `ignoring`: members of `Reason` to ignore."""
        return self.filter(not_asked.asked(at or timezone.now(), ignoring=ignoring))

    def completed(self):
        return self.exclude(completed_at=None)

    def before(self, enrollment):
        """Return the learner's earlier enrollments in the course, the latest first."""
        enrollments = self.filter(learner=enrollment.learner_id, course=enrollment.course_id).exclude(pk=enrollment.pk)
        if not enrollment.is_newest:  # after a merge the newest need not have the highest id
            enrollments = enrollments.filter(pk__lt=enrollment.pk)
        return enrollments.order_by("-pk")

    def visible_to(self, user):
        """Return what `user` may see. Managers: learners of their teams and those below. HR: people who are not staff.
        Auditors and superusers: all.
        """
        return self if audits(user) else self.of_people(user, handled=is_no_staff("learner__"))

    def manageable_by(self, user):
        """Return what `user` may change, without own enrollments and people in a conflict of interest. Managers:
        learners of their teams and those below. HR: people who are neither staff nor auditors. Superusers: all.
        """
        handled = self.of_people(user, handled=is_not_for_admins("learner__"))
        return handled.exclude(learner__in=undecidable_ids(user))

    def of_people(self, user, *, handled):
        """Return enrollments of people managed by `user`; for HR also those that meet `handled`, a Q on enrollments
        (such as `is_no_staff("learner__")`); for active superusers all.
        """
        if user.is_active and user.is_superuser:
            return self
        people = models.Q(learner__in=people_managed_by(user))
        if handles_people(user):
            people |= handled
        return self.filter(people)

    def with_release(self):
        """Load the course and its current release, without large columns."""
        # `content.rendering.store` needs only a few columns of the release to find its cached content.
        parts = ("outlines", "course", "number", "impact", "note", "created_at", "created_by")
        return self.select_related("course__current").defer(*(f"course__current__{part}" for part in parts))

    def with_zone(self):
        """Add `zone_name`: the time zone of the learner's first team; None without a team."""
        return self.annotate(zone_name=models.Subquery(time_zones(learner=models.OuterRef("learner"))))

    def with_due_date_shifted(self):
        """Add `is_elsewhere`: whether absences moved the due date."""
        shifts = AbsenceShift.objects.of_current_due_date().filter(enrollment=models.OuterRef("pk"))
        return self.annotate(is_elsewhere=models.Exists(shifts.exclude(given_at=models.OuterRef("due_at"))))

    def with_state(self, at=None):
        """Add `state`: the value of its `State` at `at` (default: now)."""
        return self.annotate(state=states.column(at or timezone.now()))

    def with_certification_status(self, at):
        """Add `validity`: the value of its `CertificationStatus` at `at`. Call `newest` before, as others have none."""
        return self.annotate(validity=certification_status.column(at))

    def with_away(self, at):
        """Add `away_until`: the last day of an absence at `at`, else None."""
        absences = absent_now(at).filter(person=models.OuterRef("learner"))
        return self.annotate(away_until=models.Subquery(absences.values("last_day")[:1]))

    def in_state(self, state, at=None):
        """Return those in `state` at `at` (default: now). For a `CertificationStatus`, call `newest` before."""
        return self.filter(state.condition(at or timezone.now()))


class Enrollment(models.Model):
    """One learner's pass through one course. A renewal is a new enrollment."""

    State = states.State

    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="enrollments", verbose_name=_("learner")
    )
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="enrollments", verbose_name=_("course"))
    enrolled_at = models.DateTimeField(_("enrolled at"), default=timezone.now)
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="The first instant after the due day in the team's zone"
    )
    due_given_at = models.DateTimeField(
        null=True, editable=False, help_text="When another due day was given by hand; null: it came with the enrollment"
    )
    due_given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("due date set by"),
    )
    job_role = models.CharField(
        _("job role"), max_length=32, blank=True, help_text=_("The learner’s job role. Empty if not chosen")
    )
    required = models.JSONField(
        null=True, blank=True, editable=False, help_text="Of a short renewal: ids of what it asks for. Null: all"
    )
    renews_until = models.DateField(
        null=True,
        editable=False,
        help_text="The last day of the certificate renewed: passed by then, it counts from it",
    )
    # Stored in the transaction of the facts they derive from; `check_records` compares them.
    is_newest = models.BooleanField(
        default=True, editable=False, help_text="The learner's newest enrollment in the course"
    )
    certified_until = models.DateField(
        null=True,
        editable=False,
        help_text="Of the newest enrollment; see `certification_status`. Null: never certified",
    )
    started_at = models.DateTimeField(
        _("started at"),
        null=True,
        blank=True,
        help_text=_("Time when the person first answered a question or completed a step"),
    )
    last_active_at = models.DateTimeField(
        _("last active"), null=True, blank=True, help_text=_("Time of the latest answer or completion")
    )
    completed_at = models.DateTimeField(_("completed at"), null=True, blank=True)
    exempted_at = models.DateTimeField(_("exempted at"), null=True, blank=True)
    exemption_reason = models.CharField(_("reason for the exemption"), max_length=200, blank=True)
    # Generated by the database: in memory it is the value as read, see `states.urgency_of`.
    urgency = models.GeneratedField(expression=states.URGENCY, output_field=models.DateTimeField(), db_persist=True)

    # Added by `with_state`, `with_zone` and `with_due_date_shifted`.
    state: str
    zone_name: str | None
    is_elsewhere: bool
    away_until: date | None = None  # added by `with_away`
    noted_job_role: str  # set by code that needs it for many enrollments

    objects = EnrollmentQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("enrollment"), _("enrollments")
        constraints = [
            models.UniqueConstraint(
                fields=["learner", "course"],
                condition=states.OPEN,
                name="one_open_enrollment_per_course",
            ),
            models.UniqueConstraint(
                fields=["learner", "course"], condition=models.Q(is_newest=True), name="one_newest_run_per_course"
            ),
        ]
        indexes = [
            models.Index(fields=["urgency", "id"], name="enrollment_by_urgency"),
            models.Index(fields=["course", "urgency", "id"], name="enrollment_of_course"),
            models.Index(
                fields=["certified_until", "urgency", "id"],
                condition=models.Q(is_newest=True),
                name="newest_by_certified_until",
            ),
            models.Index(fields=["job_role"], condition=~models.Q(job_role=""), name="enrollment_of_job_role"),
            # Finds enrollments to suggest an extension for: few among all that are due soon.
            models.Index(
                fields=["urgency", "id"],
                condition=states.OPEN & models.Q(is_newest=True, started_at=None, due_given_at=None),
                name="unopened_by_urgency",
            ),
        ]

    def __str__(self):
        return f"{self.learner} · {course_title(self.course)}"

    def save(self, *, update_fields=None, **kwargs):
        """Save and update the headcounts. A new enrollment becomes the newest of the learner in the course."""
        if not self._state.adding and update_fields and HEADCOUNT_COLUMNS.isdisjoint(update_fields):
            super().save(update_fields=update_fields, **kwargs)
            return
        with transaction.atomic():
            before = self.superseding() if self._state.adding else self.headcount_key_before()
            super().save(update_fields=update_fields, **kwargs)
            record_changes([HeadcountChange(self.learner_id, before, self.place)])

    def superseding(self):
        """Mark the former newest enrollment as not the newest; return its headcount key, or None without one."""
        former = Enrollment.objects.hold_newest({(self.learner_id, self.course_id)})
        keys = [enrollment.place for enrollment in former]
        Enrollment.objects.filter(pk__in=[enrollment.pk for enrollment in former]).update(is_newest=False)
        lock_memberships_shared([self.learner_id])  # see `block_first_enrollments`
        certification_status.fill_certified_until([self])
        return keys[0] if keys else None

    def headcount_key_before(self):
        row = Enrollment.objects.get(pk=self.pk)
        self.certified_until = row.certified_until  # only `store_certified` changes it
        return row.place

    @property
    def place(self):
        """The headcount key; None if the enrollment is not the newest."""
        if not self.is_newest:
            return None
        return HeadcountKey(self.course_id, states.urgency_of(self), self.started_at is not None, self.certified_until)

    @property
    def is_open(self):
        return fulfils(self, states.OPEN)

    @property
    def is_asked(self):
        """Whether the learner has something to do, ignoring absence, departure and an unpublished course."""
        return not_asked.not_asked_reason(self, ignoring=not_asked.PERSON_OR_COURSE) is None

    @property
    def release(self) -> Release:
        """The current release of the course. Raise `NotPublished` without one."""
        if self.course.current is None:
            raise NotPublished(f"enrollment {self.pk}: the course {self.course} has no release")
        return self.course.current

    @property
    def source_language(self) -> str:
        return self.course.source_language  # its files hold structure and answer keys

    @property
    def zone(self):
        """Time zone of the due date. Runs a query unless `with_zone` has loaded it."""
        if "zone_name" not in self.__dict__:
            self.zone_name = time_zones(learner=self.learner_id).first()
        return zone_named(self.zone_name)

    @property
    def due_on(self):
        """The last day, in `zone`; None without a due date."""
        return dates.due_date(self.due_at, self.zone) if self.due_at else None

    @property
    def known_job_role(self):
        """The job role recorded by the company. Runs a query unless the learner or `noted_job_role` is loaded."""
        if "noted_job_role" not in self.__dict__:
            self.noted_job_role = self.learner.job_role
        return self.noted_job_role

    @property
    def is_due_date_shifted(self):
        """Whether absences moved the due date. Runs a query unless `with_due_date_shifted` has loaded it."""
        if "is_elsewhere" not in self.__dict__:
            shifts = AbsenceShift.objects.of_current_due_date().filter(enrollment=self.pk)
            self.is_elsewhere = shifts.exclude(given_at=self.due_at).exists()
        return self.is_elsewhere

    @property
    def agreed_due_at(self):
        """When the current due date was set, before absences moved it."""
        return self.due_given_at or self.enrolled_at

    def state_at(self, at=None):
        return states.state_of(self, at or timezone.now())


class BulkEnrollment(models.Model):
    """A request to enroll the learners of teams and those below, in batches."""

    teams = models.ManyToManyField(Team, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField(null=True, help_text="The last day, in each learner's own zone")
    begun_at = models.DateTimeField(default=timezone.now)
    enrolled = models.PositiveIntegerField(default=0, help_text="How many people so far")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{', '.join(team.name for team in self.teams.all())} · {self.course}"


class Answer(models.Model):
    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="answers")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    question = models.CharField(max_length=64)
    shape = models.CharField(max_length=64, help_text="The question's shape then: places mean something only within it")
    response = models.JSONField()
    is_right = models.BooleanField(null=True, help_text="Null: a question that is never graded")
    answered_at = models.DateTimeField()
    token = models.UUIDField(unique=True, help_text="Token of the form: a repeated POST finds this row")

    ends_change = False  # not stored; True if the answer completes a check required again

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["enrollment", "document"], name="answer_by_document")]

    def __str__(self):
        return f"{self.question} ({self.enrollment})"


class Completion(models.Model):
    class Outcome(models.TextChoices):
        COMPLETED = "completed", _("completed")
        PASSED = "passed", _("passed")

    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="completions")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome)
    completed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrollment", "document"], name="one_completion_per_document")]

    def __str__(self):
        return f"{self.document} ({self.enrollment})"


class ChangeAcknowledgement(models.Model):
    """A changed lesson was read or checked again. `release`: last change covered. `revision`: the one read."""

    class Outcome(models.TextChoices):
        READ = "read", _("read again")
        CHECKED = "checked", _("answered the check questions after the update")

    enrollment = models.ForeignKey(
        "learning.Enrollment", on_delete=models.PROTECT, related_name="change_acknowledgements"
    )
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "document", "release"], name="a_change_is_seen_once")
        ]

    def __str__(self):
        return f"{self.document} ({self.enrollment})"


SALT = "courseware.learning.report_writers"


def reporter_pseudonyms(enrollment: int, document: int) -> list[str]:
    """Return keyed hashes of enrollment and document id: with the site's key, then with each of its former keys."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [salted_hmac(SALT, f"{enrollment}:{document}", key, algorithm="sha256").hexdigest() for key in keys]


class LessonReportQuerySet(models.QuerySet):
    def written_by(self, enrollment):
        documents = Document.objects.filter(course=enrollment.course_id).values_list("pk", flat=True)
        return self.filter(writer__in=[digest for pk in documents for digest in reporter_pseudonyms(enrollment.pk, pk)])


class LessonReport(models.Model):
    """A report on a lesson without its writer: only the site's key can derive `writer` again."""

    writer = models.CharField(max_length=64, db_index=True, help_text="See `reporter_pseudonyms`")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="reports", verbose_name=_("document"))
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+", verbose_name=_("release"))
    language = models.CharField(_("language"), max_length=10)
    comment = models.TextField(_("comment"), blank=True, max_length=2000)
    reported_at = models.DateTimeField(default=timezone.now)
    token = models.UUIDField(unique=True)
    settled_at = models.DateTimeField(_("resolved at"), null=True, blank=True)

    objects = LessonReportQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = (
            _("learner’s report of a problem in a lesson"),
            _("learners’ reports of problems in lessons"),
        )
        ordering = ["-reported_at"]

    def __str__(self):
        return f"{self.document} · {self.reported_at:%Y-%m-%d}"


class SurveyReceipt(models.Model):
    """An enrollment has answered a survey. No time and no content, so that answers cannot be traced."""

    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="survey_receipts")
    survey = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrollment", "survey"], name="one_receipt_per_survey")]

    def __str__(self):
        return f"{self.survey} ({self.enrollment})"


class SurveyAnswers(models.Model):
    """One answered survey, without a person unless signed. Random primary keys reveal no order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    survey = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="survey_answers")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    month = models.DateField(help_text="The first day of the month")
    answers = models.JSONField(help_text="Question id → place, list of places, number or text")
    shown_from = models.DateField(null=True, help_text="The day from which results hold it; null: it waits for others")
    counts_from = models.DateField(
        null=True,
        help_text="The first day of the month from which it may count, while the writer is new to the company",
    )
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name, verbose_name_plural = _("answered survey"), _("answered surveys")
        ordering = ["id"]

    def __str__(self):
        return f"{self.survey} · {self.month:%Y-%m}"
