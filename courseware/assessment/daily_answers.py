from django.conf import settings
from django.db import models

from courseware.content.models import Document, Release, Revision
from courseware.learning.models import Enrollment


class DailyAnswer(models.Model):
    """One answer to a question of the day, on a rule (an objective). None is ever edited.

    What is remembered of a rule stands with the last answer on it: see `remembering`.
    """

    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="daily_answers")
    day = models.DateField(help_text="In the person's zone")
    number = models.PositiveSmallIntegerField(help_text="Of the run's; 1 is the first")
    objective = models.CharField(max_length=32, help_text="The rule")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+", help_text="It was asked from")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+", help_text="A bank or a lesson")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+", help_text="Of the document")
    question = models.CharField(max_length=64)
    response = models.JSONField()
    is_right = models.BooleanField()
    answered_at = models.DateTimeField()
    token = models.UUIDField(unique=True, help_text="Of the form it came from: a repeated POST finds this row")
    memory = models.JSONField(help_text="What the library knows of the rule after this answer")
    due_at = models.DateTimeField(help_text="From when on the rule is asked about again")

    # Added by the query `daily_asking.GIVEN`.
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


class DailyWish(models.Model):
    """What somebody wants of the question of the day beyond finding it on home once a course is completed."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    by_letter = models.BooleanField(default=False)
    during_course = models.BooleanField(default=False)

    def __str__(self):
        return str(self.person)
