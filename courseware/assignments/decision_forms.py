"""What may be decided about several people at once, and its form."""

from dataclasses import dataclass
from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from courseware.content.compiled.serving import outline
from courseware.content.models import Course
from courseware.learning.adjustments import Adjustment
from courseware.learning.fields import DueDayField
from courseware.learning.verbs import ExtendForm, OptionalReason, PracticeTimeForm, VerbForm, WaiveForm
from courseware.lib.small_numbers import small_number

Kind = Adjustment.Kind
SOON = 14  # days to learn a course in, by one press


class OneTitledCourse(forms.ModelChoiceField):
    def __init__(self):
        courses = Course.objects.exclude(current=None).select_related("current").defer("current__outlines")
        super().__init__(courses.order_by("pk"), label=_("Course"))

    def label_from_instance(self, course):
        return outline(course.current, get_language()).title


class EnrollForm(VerbForm):
    """`steps` are offered beside the day, as those of `ExtendForm`."""

    course = OneTitledCourse()
    due_on = DueDayField(label=_("Due day"), required=False)
    reason = OptionalReason()

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        today = timezone.localdate(timezone=timezone.get_default_timezone())
        self.steps = {SOON: today + timedelta(days=SOON)}
        if data and (day := self.steps.get(small_number(data.get("days")))):
            self.data = data.copy()
            self.data["due_on"] = day.isoformat()


@dataclass(frozen=True)
class JointDecision:
    """`address` is the end of its address; the fields of its form are columns of an `Adjustment`."""

    address: str
    kind: Kind
    form: type[VerbForm]
    title: Promise
    button: Promise

    @property
    def url_name(self):
        return f"assignments:decide-{self.address}"


DECISIONS = (
    JointDecision("extend", Kind.EXTENDED, ExtendForm, _("Give more time"), _("Move the due day")),
    JointDecision("excuse", Kind.WAIVED, WaiveForm, _("Excuse from the course"), _("Excuse, with this reason")),
    JointDecision("time", Kind.TIMED, PracticeTimeForm, _("Time under pressure"), _("Set the time")),
    JointDecision("enroll", Kind.ENROLLED, EnrollForm, _("Enroll in a course"), _("Enroll")),
)
