"""Admin forms: enroll people and teams, publish changes, enter expert reviews."""

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.accounts.permissions.permissions import may_decide_about
from courseware.content.course_titles import course_title
from courseware.content.models import Course, Document, Release
from courseware.learning.due_dates.due_dates import DueDayField
from courseware.learning.models import Enrollment
from courseware.lib import dates
from courseware.lib.web.page_views import form_status


class PublishedCourses(forms.ModelChoiceField):
    def __init__(self, **kwargs):
        courses = Course.objects.exclude(current=None).select_related("current").defer("current__outlines")
        super().__init__(courses, label=_("course"), **kwargs)

    def label_from_instance(self, course):
        return course_title(course)


class EnrollmentForm(forms.ModelForm):
    course = PublishedCourses()
    due_on = DueDayField(required=False)
    by = None  # the administrator

    class Meta:
        model = Enrollment
        fields = ["learner", "course"]

    def clean(self):
        cleaned = super().clean()
        learner, course = cleaned.get("learner"), cleaned.get("course")
        if learner and not may_decide_about(self.by, learner):
            raise forms.ValidationError(_("You cannot enroll this person. Ask another admin."))
        if learner and course and Enrollment.objects.open().filter(learner=learner, course=course).exists():
            raise forms.ValidationError(_("This person is already enrolled in the course."))
        return cleaned

    @property
    def due_at(self):
        due_on = self.cleaned_data.get("due_on")
        return due_on and dates.due_instant(due_on, self.instance.zone)


class EnrollTeamForm(forms.Form):
    course = PublishedCourses()
    due_on = DueDayField(required=False)


class ExtensionForm(forms.Form):
    """Sets a later due date for an unfinished bulk enrollment."""

    due_on = DueDayField()


SAVED_MEANWHILE = _("Another person saved or imported a document in the meantime. Check this page again.")


class ExpertReviewForm(forms.Form):
    name = forms.CharField(label=_("name"), max_length=80)
    profession = forms.CharField(label=_("profession"), max_length=80)
    read_on = forms.DateField(label=_("reviewed on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def clean_read_on(self):
        if (day := self.cleaned_data["read_on"]) > timezone.localdate():
            raise forms.ValidationError(_("This date is in the future."))
        return day


class PublishForm(forms.Form):
    """Publishes drafts. `drafts`: from `publishing.drafts`, chosen by revision id, so that an outdated one is refused.
    Argument `impacts`: document identifier → initial impact.
    """

    revisions = forms.TypedMultipleChoiceField(
        label=_("changes"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": SAVED_MEANWHILE},
    )
    note = forms.CharField(
        label=_("what changed, and why"), max_length=200, widget=forms.TextInput(attrs={"class": "vLargeTextField"})
    )
    confirmed = forms.BooleanField(label=_("I have checked which people this change affects."))

    def __init__(self, *args, drafts, impacts=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.drafts = {draft.revision.pk: draft for draft in drafts}
        self.fields["revisions"].choices = [(pk, str(draft.document)) for pk, draft in self.drafts.items()]
        self.fields["revisions"].initial = list(self.drafts)
        for pk, draft in self.drafts.items():
            document = draft.document
            asks = document.kind in {Document.Kind.EXAM, Document.Kind.BANK}  # such a change is never minor
            usual = Release.Impact.REREAD if asks else Release.Impact.MINOR
            self.fields[f"impact-{pk}"] = forms.ChoiceField(
                label=_("Impact of the change to “%(document)s”") % {"document": document},
                choices=Release.Impact,
                widget=forms.RadioSelect,
                initial=(impacts or {}).get(document.identifier, usual),
            )

    def clean(self):
        cleaned = super().clean()
        for pk in self.drafts.keys() - set(cleaned.get("revisions", ())):
            self.errors.pop(f"impact-{pk}", None)  # drafts that are not published need no impact
        return cleaned

    @property
    def impacts(self):
        return [self[f"impact-{pk}"] for pk in self.drafts]

    @property
    def words(self):
        chosen = {pk: self.drafts[pk].document.identifier for pk in self.cleaned_data["revisions"]}
        impacts = {identifier: self.cleaned_data[f"impact-{pk}"] for pk, identifier in chosen.items()}
        return {"impacts": impacts, "note": self.cleaned_data["note"]}

    def refuse_minor(self, documents):
        """Add an error at the impact of each draft whose document identifier is in `documents`."""
        for pk, draft in self.drafts.items():
            if draft.document.identifier in documents:
                self.add_error(
                    f"impact-{pk}",
                    _("A change to an exam, its questions or its pass mark cannot have the impact “none”."),
                )

    @property
    def chosen(self):
        return [self.drafts[pk].revision for pk in self.cleaned_data["revisions"]]


def confirmation(model_admin, request, title, form, **context):
    """Return an admin page with `form`. For an action on a list, pass `action` (its name) and `chosen` (its rows)."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "form": form,
        "opts": model_admin.opts,
        "checkbox": ACTION_CHECKBOX_NAME,
        "action": "",
        "chosen": (),
        **context,
    }
    status = form_status(form)
    return TemplateResponse(request, "admin/learning/confirmation.html", context, status=status)
