"""The model of deputies of managers."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.lib.db.compiled_query import CompiledQuery


class Deputy(models.Model):
    """On these days, both included, `person` has the rights of `manager` in all their teams."""

    manager = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("deputy")
    )
    first_day = models.DateField(_("from"))
    last_day = models.DateField(
        _("until"), help_text=_("The deputy can act until the end of this day, in the time zone of each team.")
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, help_text="Ended before the last day was over")

    class Meta:
        verbose_name, verbose_name_plural = _("deputy"), _("deputies")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")), name="deputies_begin_before_they_end"
            ),
            models.CheckConstraint(
                condition=~models.Q(manager=models.F("person")), name="nobody_stands_in_for_oneself"
            ),
        ]

    def __str__(self):
        return f"{self.manager} → {self.person} · {self.first_day} – {self.last_day}"


PAIRS = CompiledQuery(
    lambda person, since: (
        Deputy.objects.filter(Q(manager=person) | Q(person=person), ended_at=None, last_day__gte=since)
        .select_related("manager", "person")
        .order_by("first_day", "pk")
    )
)
