from django.db import models


class Postponement(models.Model):
    """A due day and the absences that have moved it on: see `learning.postponing`."""

    enrollment = models.OneToOneField("learning.Enrollment", on_delete=models.CASCADE, related_name="postponement")
    given_at = models.DateTimeField(null=True, help_text="The due instant as somebody or a rule gave it")
    moved_to = models.DateTimeField(null=True, help_text="And as it was worked out last: another one was given since")
    counts_from = models.DateField(help_text="Absences count from this day on")
    days = models.PositiveIntegerField(default=0, help_text="By how many working days it was moved on")

    def __str__(self):
        return f"{self.enrollment} · +{self.days}"
