"""/people/external-training/, /people/<pk>/external-training/: record and revoke external training."""

import hashlib
from datetime import date

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.permissions.permissions import handles_people, is_no_staff, may_change_membership, may_handle
from courseware.accounts.roster_import.file_formats import read_text
from courseware.accounts.roster_import.parser import ListRefused, parse_table, read_beside
from courseware.accounts.security.reauthentication import requires_reauthentication
from courseware.assessment.certificates.external_training import default_expiry, revoke_external_training
from courseware.assessment.models import ExternalTraining
from courseware.assignments.rules.certified_enrollments import (
    record_trainings,
    unneeded_enrollments,
    unstarted_by_rules,
    unstarted_of,
)
from courseware.assignments.rules.forms import CourseChoice, published_courses
from courseware.content.course_titles import course_title
from courseware.content.models import Course
from courseware.hr.external_training.csv_import import (
    MOST_TRAININGS,
    REFUSALS,
    SORT,
    Usual,
    as_text,
    compare_with_records,
    new_of,
)
from courseware.hr.people.views import member_or_404, titled
from courseware.hr.roster_import.views import MOST_UPLOADED
from courseware.lib.dates import site_day
from courseware.lib.web.form_layout import DayInput, Fields
from courseware.lib.web.page_views import form_status, form_view, posted, render_form

MOST_TEXT = 200_000  # characters
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)


class ExternalTrainingForm(forms.Form):
    """External training of one person. It has the field `ends` only if `not_begun` is not empty."""

    course = CourseChoice(label=_("Course"), queryset=Course.objects.none(), empty_label=_("choose a course"))
    trained_on = forms.DateField(label=_("Training date"), widget=DayInput)
    last_day = forms.DateField(
        label=_("Valid until"),
        widget=DayInput,
        required=False,
        help_text=_("Leave empty to use the validity period of a certificate of this course."),
    )
    proof = forms.CharField(
        label=_("Proof"),
        max_length=200,
        help_text=_("For example: certificate from another company, seen by Li Na. The learner can read this text."),
    )
    reference = forms.CharField(label=_("Number of the proof, or where it is stored"), max_length=100, required=False)
    ends = forms.BooleanField(required=False, initial=True)

    helper = Fields(error_summary=True, marks_required=True)

    def __init__(self, *args, not_begun, **kwargs):
        """`not_begun`: titles of courses that the person has not started, enrolled by a rule."""
        super().__init__(*args, **kwargs)
        self.fields["course"].queryset = published_courses()
        if not_begun:
            label = gettext(
                "End the enrollment in the chosen course, if a rule created this enrollment and the person has "
                "not started the course"
            )
            self.fields["ends"].label = label
            self.fields["ends"].help_text = gettext(", ").join(not_begun)
        else:
            del self.fields["ends"]

    def clean_trained_on(self):
        day = self.cleaned_data["trained_on"]
        if not EARLIEST <= day <= site_day():
            raise forms.ValidationError(_("Enter the date on which the training was completed, today at the latest."))
        return day

    def clean(self):
        cleaned = super().clean()
        on, until = cleaned.get("trained_on"), cleaned.get("last_day")
        if until and not (on or EARLIEST) <= until <= LATEST:
            self.add_error("last_day", _("Enter a date after the training date."))
        return cleaned

    def training(self, person):
        """Return the unsaved training of `person` from the valid form."""
        values = dict(self.cleaned_data)
        values.pop("ends", None)
        until = values.pop("last_day") or default_expiry(values["course"], values["trained_on"])
        return ExternalTraining(person=person, valid_until=until, **values)


class ExternalTrainingListForm(forms.Form):
    """A list, as a file or pasted. `seen`: checksum of the list that the user has reviewed."""

    file = forms.FileField(label=_("File"), required=False, help_text=_("XLSX, XLS, ODS or CSV, with headings."))
    lines = forms.CharField(
        label=_("Or paste the list"),
        max_length=MOST_TEXT,
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 8, "spellcheck": "false"}),
        help_text=_("Use these headings: staff number or email, course, trained on, valid until, proof, reference."),
    )
    course = CourseChoice(
        label=_("Default course, for rows in which the course is empty"),
        queryset=Course.objects.none(),
        required=False,
        empty_label=_("none"),
    )
    proof = forms.CharField(
        label=_("Default proof, for rows in which the proof is empty"),
        max_length=200,
        required=False,
        help_text=_("For example: list from the previous company, signed by its HR."),
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    helper = Fields(error_summary=True)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["course"].queryset = published_courses()

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file and file.size > MOST_UPLOADED:
            raise forms.ValidationError(REFUSALS["too-large"])
        return file

    def clean(self):
        cleaned = super().clean()
        if self.errors:
            return cleaned
        field = "file" if cleaned.get("file") else "lines"
        if field == "lines" and not cleaned.get("lines", "").strip():
            self.add_error("file", _("Choose a file, or paste the list below."))
            return cleaned
        try:
            self.table = read_beside(cleaned["file"].read()) if field == "file" else self.table_of_lines()
            self.listing = parse_table(self.table, SORT)
            if len(self.listing.rows) > MOST_TRAININGS:
                raise ListRefused("too-long")
            if len(self.text) > MOST_TEXT:  # the page sends it back as text
                raise ListRefused("too-wide")
        except ListRefused as refused:
            self.add_error(field, REFUSALS[refused.code])
        return cleaned

    def table_of_lines(self):
        return read_text(self.cleaned_data["lines"].encode(), "utf-8")

    @property
    def usual(self):
        return Usual(self.cleaned_data["course"], self.cleaned_data["proof"])

    @cached_property
    def text(self):
        return as_text(self.table) if self.cleaned_data.get("file") else self.cleaned_data["lines"]

    def shown(self):
        """Return a copy of the valid form, with the list as text and marked as seen."""
        data = self.data.copy()
        data["lines"], data["seen"] = self.text, self.digest
        return type(self)(data)

    @property
    def digest(self):
        course = self.cleaned_data["course"]
        parts = [self.text.replace("\r\n", "\n"), str(course and course.pk), self.cleaned_data["proof"]]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def is_seen(self):
        return not self.cleaned_data.get("file") and self.cleaned_data["seen"] == self.digest


class WrongForm(forms.Form):
    helper = Fields(error_summary=True, marks_required=True)

    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("The person can read this reason, and it stays on record.")
    )


RECORDED_A_PAGE = 50
SHOWN = 100  # rows of a list that are new, and cells that are wrong


@form_view("hr:external-training", allowed=handles_people)
def external_training(request):
    """Show the list row by row. If `act` is "go" and the list was shown before, record the training."""
    form, rows = ExternalTrainingListForm(*((request.POST, request.FILES) if request.method == "POST" else ())), []
    if form.is_valid():
        rows = compare_with_records(form.listing, form.usual, by=request.user)
        if request.POST.get("act") == "go" and form.is_seen:
            ends = "ends" in request.POST if "asked" in request.POST else None
            recorded = record_trainings(new_of(rows), by=request.user, ends=ends)
            say(request, recorded, rows)
            if recorded.ended:
                return redirect("assignments:change", recorded.adjustment.pk)
            return redirect("hr:external-training")
        form = form.shown()
    page = page_of_recorded(request)
    context = {"form": form, "page": page, "today": site_day(), "most": MOST_TRAININGS, **of_rows(rows)}
    status = form_status(form) if form.errors or not form.is_bound else 200
    return render(request, "hr/external_training.html", context, status=status)


def page_of_recorded(request):
    """Return a page of recorded trainings with `title` and `is_linked`; only superusers see those of staff."""
    trainings = ExternalTraining.objects.order_by("-pk")
    if not request.user.is_superuser:
        trainings = trainings.filter(is_no_staff("person__"))
    page = Paginator(trainings, RECORDED_A_PAGE).get_page(request.GET.get("page"))
    page.object_list = titled(page.object_list.select_related("recorded_by", "person"))
    for training in page.object_list:
        training.is_linked = may_handle(request.user, training.person)
    return page


def of_rows(rows):
    """Return the template context that shows these `ListedTraining` rows."""
    new = new_of(rows)
    unstarted = unstarted_of(new) if new else []
    for training in new[:SHOWN]:
        training.title = course_title(training.course, get_language())
    problems = [each for row in rows for each in row.problems]
    known = sum(row.is_known and not row.problems for row in rows)
    return {
        "rows": rows,
        "new": new[:SHOWN],
        "new_number": len(new),
        "to_end": len(unneeded_enrollments(unstarted, site_day(), new)) if unstarted else 0,
        "more": max(0, len(new) - SHOWN),
        "known": known,
        "problems": problems[:SHOWN],
        "more_problems": max(0, len(problems) - SHOWN),
    }


def say(request, recorded, rows=()):
    """Add messages about `recorded` (RecordedTrainings) and the number of `rows` with problems, which were skipped."""
    message = ngettext(
        "%(number)d external training is recorded.", "%(number)d external trainings are recorded.", recorded.trainings
    )
    messages.success(request, message % {"number": recorded.trainings})
    if recorded.ended:
        message = ngettext(
            "%(number)d enrollment has ended, because the person is certified.",
            "%(number)d enrollments have ended, because these people are certified.",
            recorded.ended,
        )
        messages.success(request, message % {"number": recorded.ended})
    if recorded.kept:
        message = ngettext("%(number)d enrollment stays open.", "%(number)d enrollments stay open.", recorded.kept)
        messages.info(request, message % {"number": recorded.kept})
    left_out = sum(bool(row.problems) for row in rows)
    if left_out:
        message = ngettext("%(number)d row was skipped.", "%(number)d rows were skipped.", left_out)
        messages.info(request, message % {"number": left_out})


@form_view("hr:external-training-of")
def external_training_of(request, pk):
    person = member_or_404(request, pk)
    unstarted = unstarted_by_rules().filter(learner=person).select_related("course__current")
    titles = [course_title(enrollment.course, get_language()) for enrollment in unstarted]
    form = ExternalTrainingForm(posted(request), not_begun=titles)
    if form.is_valid():
        recorded = record_trainings([form.training(person)], by=request.user, ends=form.cleaned_data.get("ends"))
        is_new = recorded.trainings
        note = (
            gettext("%(name)s: recorded.") if is_new else gettext("%(name)s: this training date is already recorded.")
        )
        messages.success(request, note % {"name": person.name})
        if recorded.ended:
            messages.success(request, gettext("The enrollment has ended, because the person is certified."))
            return redirect("assignments:change", recorded.adjustment.pk)
        return redirect("hr:person", pk)
    return render(request, "hr/external_training_of.html", {"person": person, "form": form}, status=form_status(form))


@form_view(
    "hr:revoke-external-training",
    allowed=handles_people,
    reauthenticate=requires_reauthentication,
)
def revoke_training(request, training):
    found = get_object_or_404(ExternalTraining.objects.select_related("person", "course__current"), pk=training)
    if not may_change_membership(request.user, found.person):
        raise Http404
    found.title = course_title(found.course, get_language())
    form = WrongForm(posted(request))
    if form.is_valid():
        if revoke_external_training(found, reason=form.cleaned_data["reason"], by=request.user):
            messages.success(
                request,
                gettext(
                    "The external training is revoked. It no longer counts as a certificate, and the record stays."
                ),
            )
        return redirect("hr:person", found.person_id)
    context = {"training": found}
    return render_form(request, "hr/revoke_training.html", form, context)
