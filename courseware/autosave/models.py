"""Model of autosaved form texts."""

from django.conf import settings
from django.db import models


class AutosavedText(models.Model):
    """The unsaved text of one person in one form; `form` is the URL that the form is sent to."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    form = models.CharField(max_length=400)
    fields = models.JSONField(help_text="Name of a field → what was typed into it")
    typed_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()  # no permission to see unsent texts of other people
        constraints = [models.UniqueConstraint(fields=["person", "form"], name="one_unsaved_text_a_form")]

    def __str__(self) -> str:
        return f"{self.person} · {self.typed_at:%Y-%m-%d}"
