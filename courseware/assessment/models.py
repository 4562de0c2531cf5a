"""Models of exam attempts, practice sets, daily questions, certificates and external training."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.content.models import Course, Document, Release, Revision
from courseware.learning.models import Enrollment
from courseware.lib import dates
from courseware.lib.db.compiled_query import CompiledQuery


class ExamAttemptQuerySet(models.QuerySet):
    def submitted(self):
        return self.exclude(submitted_at=None)

    def with_release(self):
        # The outlines are large, and `store` caches them.
        return self.select_related("exam", "release").defer("release__outlines")


class ExamAttempt(models.Model):
    """An attempt at an exam or, without a pass mark, at a pre-test (number 1) or a post-test (number 2)."""

    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="attempts")
    exam = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+", help_text="Of the exam")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField(help_text="1 is the first")
    started_at = models.DateTimeField()
    # Copied at the start, so that a higher pass mark does not turn a pass into a fail.
    pass_mark = models.PositiveSmallIntegerField(null=True, help_text="Percent, 1–100; null: without marks")
    closes_at = models.DateTimeField(null=True, help_text="Where the exam has a time limit")
    time_up_found_at = models.DateTimeField(
        null=True, help_text="When an answer came after the time: it stays over, even if the clock is set back"
    )
    submitted_at = models.DateTimeField(null=True)
    points = models.PositiveSmallIntegerField(null=True)
    max_points = models.PositiveSmallIntegerField()
    is_passed = models.BooleanField(null=True, help_text="Null: not submitted, or without marks")

    objects = ExamAttemptQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("exam attempt"), _("exam attempts")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "exam", "number"], name="one_attempt_per_number"),
            models.UniqueConstraint(
                fields=["enrollment", "exam"], condition=Q(submitted_at=None), name="one_open_attempt_per_exam"
            ),
            models.CheckConstraint(
                condition=Q(submitted_at=None, points=None)
                | Q(submitted_at__isnull=False, points__isnull=False, points__lte=models.F("max_points")),
                name="points_come_with_submitting",
            ),
            models.CheckConstraint(
                condition=Q(pass_mark__isnull=False) | Q(is_passed=None), name="no_pass_without_a_pass_mark"
            ),
        ]

    def __str__(self):
        return f"{self.exam} · {self.number} ({self.enrollment})"

    @property
    def is_pre_check(self):
        return self.pass_mark is None

    def has_answers(self) -> bool:
        return self.responses.filter(response__isnull=False).exists()


class Response(models.Model):
    """A drawn question of an attempt, and its answer so far."""

    attempt = models.ForeignKey(ExamAttempt, on_delete=models.CASCADE, related_name="responses")
    position = models.PositiveSmallIntegerField(help_text="1 is the first")
    bank = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+", help_text="Of the bank")
    question = models.CharField(max_length=64)
    objective = models.CharField(max_length=32)
    is_critical = models.BooleanField(default=False)
    order = models.JSONField(help_text="The places of the choices as they are shown")
    response = models.JSONField(null=True, help_text="Places as in content.questions; null: not answered")
    saves = models.PositiveIntegerField(default=0, help_text="Grows with every save: an old tab knows a lower number")
    page = models.UUIDField(null=True, help_text="The page it was saved from last: see `exams.attempts.save`")
    saved_at = models.DateTimeField(null=True)
    is_right = models.BooleanField(null=True, help_text="Set when the attempt is submitted")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "position"], name="one_response_per_position"),
            models.UniqueConstraint(fields=["attempt", "question"], name="no_question_twice_in_an_attempt"),
        ]

    def __str__(self):
        return f"{self.question} ({self.attempt})"

    @property
    def is_answered(self):
        return self.response is not None


RESPONSES = CompiledQuery(
    lambda attempt: Response.objects.filter(attempt=attempt).select_related("bank").order_by("position")
)
RESPONSES_AT = CompiledQuery(
    lambda attempt, position: Response.objects.filter(attempt=attempt, position=position).select_related("bank")
)


class PracticeAnswer(models.Model):
    """An answer in a practice set, never changed: see `practice_sets`."""

    attempt = models.ForeignKey(ExamAttempt, on_delete=models.PROTECT, related_name="practice_answers")
    objective = models.CharField(max_length=32, help_text="The rule")
    number = models.PositiveSmallIntegerField(help_text="Of the answers on this rule; 1 is the first")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+", help_text="It was asked from")
    bank = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+", help_text="Of the bank")
    question = models.CharField(max_length=64)
    response = models.JSONField()
    is_right = models.BooleanField()
    answered_at = models.DateTimeField()
    token = models.UUIDField(unique=True, help_text="Token of the form: a repeated POST finds this row")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "objective", "number"], name="one_practice_answer_per_number")
        ]

    def __str__(self):
        return f"{self.question} ({self.attempt})"


class DailyQuestionAnswer(models.Model):
    """An answer to a daily question, never changed. The last answer on an objective holds its memory."""

    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="daily_answers")
    day = models.DateField(help_text="In the person's zone")
    number = models.PositiveSmallIntegerField(help_text="Number within the enrollment; 1 is the first")
    objective = models.CharField(max_length=32, help_text="The rule")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+", help_text="It was asked from")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+", help_text="A bank or a lesson")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+", help_text="Of the document")
    question = models.CharField(max_length=64)
    response = models.JSONField()
    is_right = models.BooleanField()
    answered_at = models.DateTimeField()
    token = models.UUIDField(unique=True, help_text="Token of the form: a repeated POST finds this row")
    memory = models.JSONField(help_text="What the library knows of the rule after this answer")
    due_at = models.DateTimeField(help_text="From when on the rule is asked about again")

    # Added by the query `daily.selection.GIVEN`.
    course: int
    document_key: str

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "day"], name="one_daily_answer_a_day"),
            models.UniqueConstraint(fields=["enrollment", "number"], name="one_daily_answer_per_number"),
        ]

    def __str__(self):
        return f"{self.question} ({self.enrollment})"


class DailyQuestionPreference(models.Model):
    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    by_email = models.BooleanField(default=False)
    during_course = models.BooleanField(default=False)

    def __str__(self):
        return str(self.person)


class Revocable(models.Model):
    """A proof that certifies a person until `valid_until` (None: no end), unless it is revoked."""

    revoked_at = models.DateTimeField(_("revoked on"), null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("revoked by")
    )
    revocation_reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        abstract = True

    valid_until: date | None

    def set_revoked(self, reason: str, by, at) -> None:
        """Save the revocation without check or log. `reason`: not empty; `by`: user; `at`: instant, None for now."""
        self.revoked_at, self.revoked_by, self.revocation_reason = at or timezone.now(), by, reason
        self.save(update_fields=["revoked_at", "revoked_by", "revocation_reason"])

    @property
    def certifies_until(self) -> date:
        """The last day; `date.max` without an end, `date.min` if revoked."""
        return date.min if self.revoked_at else self.valid_until or date.max


REVOKED_WITH_REASON = Q(revoked_at=None, revoked_by=None, revocation_reason="") | Q(
    revoked_at__isnull=False, revoked_by__isnull=False
) & ~Q(revocation_reason="")


class ExternalTraining(Revocable):
    """Training from elsewhere that counts for a course, recorded by HR. A revoked one was recorded by mistake."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("person")
    )
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="+", verbose_name=_("course"))
    trained_on = models.DateField(_("trained on"))
    valid_until = models.DateField(_("valid until"), null=True, help_text="The last day; null: it has no end")
    proof = models.CharField(_("proof"), max_length=200, help_text="What shows it, in words")
    reference = models.CharField(_("number or location of the proof"), max_length=100, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded on"), default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("external training"), _("external training")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "course", "trained_on"],
                condition=Q(revoked_at=None),
                name="outside_training_recorded_once",
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=models.F("trained_on")),
                name="outside_training_ends_after_it",
            ),
            models.CheckConstraint(condition=REVOKED_WITH_REASON, name="outside_training_withdrawn_for_a_reason"),
        ]

    def __str__(self):
        return f"{self.person} · {self.course} · {self.trained_on}"


class Certificate(Revocable):
    """Issued once, when an enrollment is completed. Its facts are copies, so later changes do not affect them."""

    enrollment = models.OneToOneField(
        Enrollment, on_delete=models.PROTECT, related_name="certificate", verbose_name=_("enrollment")
    )
    number = models.CharField(_("certificate number"), max_length=32, unique=True)
    issued_at = models.DateTimeField(_("issued on"), default=timezone.now)
    valid_until = models.DateField(
        _("valid until"), null=True, help_text=_("The last day on which the certificate is valid.")
    )
    holder = models.CharField(_("holder"), max_length=120)
    titles = models.JSONField(help_text="The course's title per language")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    points = models.PositiveSmallIntegerField(null=True)
    max_points = models.PositiveSmallIntegerField(null=True)
    issuer = models.JSONField(default=dict, help_text="Issuer per language, from the branding at that time")
    signer = models.JSONField(default=dict, help_text="Signer per language, likewise")
    minutes = models.JSONField(default=dict, help_text="How long the course takes, per language; empty before 0.3")

    class Meta:
        verbose_name, verbose_name_plural = _("certificate"), _("certificates")
        indexes = [
            models.Index(fields=["-issued_at", "-id"], name="certificates_newest_first"),
            models.Index(
                fields=["-issued_at", "-id"], condition=Q(revoked_at__isnull=False), name="withdrawn_newest_first"
            ),
            models.Index(fields=["holder"], name="certificate_by_holder"),
        ]
        constraints = [
            models.CheckConstraint(condition=REVOKED_WITH_REASON, name="withdrawn_by_somebody_for_a_reason"),
        ]

    def __str__(self):
        return f"{self.holder} · {dates.site_day(self.issued_at)}"

    def is_valid(self, at=None):
        """Return whether it is valid on the site's day of `at` (default: now). Once revoked, it never is."""
        return dates.site_day(at) <= self.certifies_until

    def newer(self):
        """Return the person's newest unrevoked certificate in the course, if issued later, or None. Runs one query."""
        enrollment = self.enrollment
        of_both = Certificate.objects.filter(
            enrollment__learner=enrollment.learner_id, enrollment__course=enrollment.course_id, revoked_at=None
        )
        return of_both.filter(issued_at__gt=self.issued_at).order_by("issued_at").last()


class CertificatePdf(models.Model):
    """The PDF of a certificate in one language, never changed. In the database, so every process can serve it."""

    certificate = models.ForeignKey(Certificate, on_delete=models.CASCADE, related_name="papers")
    language = models.CharField(max_length=10)
    body = models.BinaryField(help_text="PDF")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the body, as the log has it")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["certificate", "language"], name="one_paper_per_certificate_and_language"),
        ]

    def __str__(self):
        return f"{self.certificate} · {self.language}"


class Certification(models.Model):
    """Until when a person is certified in a course; no row if never. See `certificates.certification`."""

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="+")
    # Written in the transaction of the certificate; `check_records` compares them.
    certificate = models.ForeignKey(
        Certificate, on_delete=models.CASCADE, null=True, related_name="+", help_text="The one that certifies longest"
    )
    outside = models.ForeignKey(
        ExternalTraining, models.CASCADE, null=True, related_name="+", help_text="Or what was learned elsewhere"
    )
    certified_until = models.DateField(help_text="`certifies_until` of either")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["learner", "course"], name="one_certification_per_course"),
            models.CheckConstraint(
                condition=Q(certificate=None, outside__isnull=False) | Q(certificate__isnull=False, outside=None),
                name="certification_has_one_proof",
            ),
        ]
        indexes = [models.Index(fields=["certified_until"], name="certification_by_end")]

    def __str__(self):
        return f"{self.learner} · {self.course}"
