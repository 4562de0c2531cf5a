from datetime import date
from http import HTTPStatus

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.admin import TeamAdmin
from courseware.accounts.freshness import asks_who_it_is
from courseware.accounts.models import Team
from courseware.accounts.people_lists import LearnersTeamFilter, SearchByPeople
from courseware.content.admin import CourseAdmin
from courseware.content.course_titles import CourseTitleFilter, course_title
from courseware.content.desk.exam_words import words_of
from courseware.content.models import Course, Proposal, Release
from courseware.content.releases import proposing, publishing
from courseware.content.releases.exam_changes import exam_changes
from courseware.learning.admin_forms import (
    SAVED_MEANWHILE,
    AnotherDayForm,
    EnrollmentForm,
    EnrollTeamForm,
    PublishForm,
)
from courseware.learning.enrolling import (
    EnrollmentClosed,
    begin_enrolling,
    choose_another_day,
    enroll,
    enroll_next,
    is_day_over,
    people_waiting,
)
from courseware.learning.looks import record_look
from courseware.learning.models import Enrollment, LessonReport, TeamEnrolling
from courseware.learning.release_effects import people_per_document, touched_by
from courseware.learning.validity import Validity
from courseware.learning.verbs import VERBS, may_change
from courseware.lib.admin_rights import SuperusersOnly
from courseware.lib.background import in_background
from courseware.lib.form_status import form_status
from courseware.lib.list_filters import ListFiltersOnly
from courseware.lib.long_lists import LongList


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [*Enrollment.State.choices, *Validity.choices]

    def queryset(self, request, queryset):
        value = self.value()
        if value in Enrollment.State.values:
            return queryset.in_state(Enrollment.State(value))
        # Which only the newest run says, of the person.
        return queryset.newest().in_state(Validity(value)) if value in Validity.values else queryset


# Labels of the fields of a verb when it is done to several people at once.
WORDS = {
    "due_on": {"label": _("due day")},
    "reason": {"label": _("reason"), "help_text": _("The learner reads it, and it stays in the record.")},
}


def action_of(verb):
    @admin.action(description=verb.action)
    def action(model_admin, request, enrollments):
        return model_admin.ask(request, enrollments, verb)

    action.__name__ = verb.name  # which the list sends back
    return action


@admin.register(Enrollment)
class EnrollmentAdmin(SuperusersOnly, ListFiltersOnly, LongList, SearchByPeople, admin.ModelAdmin):
    """Read-only. Enrollments are changed by enrolling and by the manager's verbs."""

    list_display = [
        "learner", "course_shown", "state", "certified", "due_on", "started_at", "last_active_at", "completed_at",
    ]  # fmt: skip
    ordering = ["urgency", "pk"]
    list_filter = [StateFilter, ("course", CourseTitleFilter), LearnersTeamFilter]
    search_people = ("learner",)
    autocomplete_fields = ["learner"]
    actions = [action_of(verb) for verb in VERBS if verb.action]
    readonly_fields = (
        "learner", "course", "state", "due_on", "due_given_by", "track", "enrolled_at", "started_at", "last_active_at",
        "completed_at", "waived_at", "waived_reason", "completions", "answers",
    )  # fmt: skip
    fields = readonly_fields

    def get_queryset(self, request):
        return super().get_queryset(request).with_state().with_zone().with_release().select_related("learner")

    @admin.display(description=_("course"), ordering="course")
    def course_shown(self, enrollment):
        return course_title(enrollment.course)

    def get_fields(self, request, obj=None):
        return self.fields if obj else ["learner", "course", "due_on"]

    def get_readonly_fields(self, request, obj=None):
        return self.readonly_fields if obj else []

    def get_form(self, request, obj=None, change=False, **kwargs):
        return super().get_form(request, obj, change, **({} if obj else {"form": EnrollmentForm}) | kwargs)

    def save_model(self, request, obj, form, change):
        if not change:
            enrolled = enroll(obj.learner, obj.course, due_at=form.due_at, by=request.user)
            obj.pk = enrolled.pk

    def has_delete_permission(self, request, obj=None):
        return False  # it is waived instead: the facts that belong to it stay

    def change_view(self, request, object_id, form_url="", extra_context=None):
        enrollment = self.get_object(request, object_id)
        if enrollment and self.has_view_permission(request, enrollment):
            record_look(enrollment, by=request.user)
        nothing_to_save = {"show_save": False, "show_save_and_continue": False, "show_save_and_add_another": False}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | nothing_to_save)

    @admin.display(description=_("state"), ordering="urgency")
    def state(self, enrollment):
        return Enrollment.State(enrollment.state).label

    @admin.display(description=_("certified until"))
    def certified(self, enrollment):
        """Of the person, by whichever run; an earlier run says nothing of it."""
        day = enrollment.certified_until if enrollment.is_newest else None
        if day == date.max:
            return gettext("no end")
        return None if day == date.min else day

    @admin.display(description=_("due day"), ordering="urgency")
    def due_on(self, enrollment):
        return enrollment.due_on

    @admin.display(description=_("completions"))
    def completions(self, enrollment):
        rows = enrollment.completions.select_related("document").order_by("completed_at")
        lines = ((row.document, timezone.localtime(row.completed_at).strftime("%Y-%m-%d %H:%M")) for row in rows)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{} · {}</li>", lines))

    @admin.display(description=_("answers"))
    def answers(self, enrollment):
        return enrollment.answers.count()

    def ask(self, request, enrollments, verb):
        """A page with the verb's form; once that is valid, act on each and return None, which shows the list again."""
        form = verb.form(request.POST if "confirmed" in request.POST else None)
        for name in WORDS.keys() & form.fields.keys():
            vars(form.fields[name]).update(WORDS[name])
        if not form.is_valid():
            return confirmation(self, request, verb.action, form, action=verb.name, chosen=enrollments)
        changed = []
        for enrollment in enrollments:
            if not may_change(request.user, enrollment):
                note = gettext("Your own training is changed by somebody else: nothing was changed in it.")
                self.message_user(request, note, messages.WARNING)
                continue
            try:
                changed.append(bool(verb.act(enrollment, **form.cleaned_data, by=request.user)))
            except EnrollmentClosed:
                named = f"{enrollment.learner} · {course_title(enrollment.course)}"
                note = gettext("%(enrollment)s is closed: nothing was changed.") % {"enrollment": named}
                self.message_user(request, note, messages.WARNING)
        self.tell_what_was_changed(request, changed.count(True), changed.count(False))
        return None

    def tell_what_was_changed(self, request, changed, unchanged):
        if changed:
            note = ngettext("%(count)d enrollment was changed.", "%(count)d enrollments were changed.", changed)
            self.message_user(request, note % {"count": changed}, messages.SUCCESS)
        if unchanged:
            note = ngettext(
                "%(count)d enrollment was like that before: nothing was changed in it.",
                "%(count)d enrollments were like that before: nothing was changed in them.",
                unchanged,
            )
            self.message_user(request, note % {"count": unchanged}, messages.INFO)


def confirmation(model_admin, request, title, form, **context):
    """An admin page with one form; `chosen` and `action` make it a step of an action on a list."""
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


admin.site.unregister(Team)


@admin.register(Team)
class EnrollingTeamAdmin(TeamAdmin):
    """The team's admin of `accounts`, with the action to enroll a team."""

    actions = ["enroll"]
    change_list_template = "admin/learning/teams.html"

    @admin.action(description=_("Enroll the team in a course, with a due day"))
    def enroll(self, request, teams):
        form = EnrollTeamForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            title = gettext("Enroll the team in a course, with a due day")
            return confirmation(self, request, title, form, action="enroll", chosen=teams)
        order = begin_enrolling(list(teams), **form.cleaned_data)
        return redirect("admin:enroll-team", order.pk)

    def get_urls(self):
        view = self.admin_site.admin_view(self.enrolling)
        return [path("enrolling/<int:pk>/", view, name="enroll-team"), *super().get_urls()]

    @in_background  # where there is a script, it goes on whoever is there
    def enrolling(self, request, pk):
        """How far it is. Each POST enrolls some people more; the page sends them by itself where there is a script."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        order = get_object_or_404(TeamEnrolling.objects.select_related("course"), pk=pk)
        form = AnotherDayForm(request.POST if "due_on" in request.POST else None) if is_day_over(order) else None
        if form and form.is_valid():
            choose_another_day(order, **form.cleaned_data)
            return redirect("admin:enroll-team", pk)
        if request.method == "POST" and not form:
            order = enroll_next(order, by=request.user)
            if not request.htmx:
                return redirect("admin:enroll-team", pk)
        title = gettext("Enrolling in %(course)s") % {"course": course_title(order.course)}
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "order": order,
            "left": 0 if order.finished_at else people_waiting(order),
            "form": form,
        }
        name = "_enrolling" if request.htmx else "enrolling"
        return TemplateResponse(request, f"admin/learning/{name}.html", context, status=form and form_status(form))

    def changelist_view(self, request, extra_context=None):
        unfinished = TeamEnrolling.objects.filter(finished_at=None).select_related("course").prefetch_related("teams")
        return super().changelist_view(request, {"unfinished": unfinished, **(extra_context or {})})


@admin.register(LessonReport)
class LessonReportAdmin(ListFiltersOnly, LongList, admin.ModelAdmin):
    """Reports on lessons, for editors: nothing shows who sent one, not even a number."""

    list_display = ["document", "language", "comment", "day", "is_settled"]
    list_filter = [("settled_at", admin.EmptyFieldListFilter), ("document__course", CourseTitleFilter), "language"]
    list_select_related = ["document"]
    search_fields = ["document__identifier", "comment"]
    fields = readonly_fields = ("document", "release", "language", "comment", "day", "settled_at")
    actions = ["settle"]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description=_("reported"), ordering="reported_at")
    def day(self, report):
        return timezone.localdate(report.reported_at)

    @admin.display(description=_("settled"), boolean=True)
    def is_settled(self, report):
        return report.settled_at is not None

    @admin.action(description=_("Settled"), permissions=["change"])
    def settle(self, request, reports):
        settled = reports.filter(settled_at=None).update(settled_at=timezone.now())
        note = ngettext("%(count)d report is settled.", "%(count)d reports are settled.", settled)
        self.message_user(request, note % {"count": settled}, messages.SUCCESS)


def changes_in_words(course, revisions):
    """Id of an exam, a bank or the course document → what releasing these revisions changes in it."""
    changes = exam_changes(publishing.released_revisions(course), revisions)
    return {change.document: words_of(change) for change in changes}


admin.site.unregister(Course)


@admin.register(Course)
class PublishingCourseAdmin(CourseAdmin):
    """The course's admin of `content`, with the page that publishes a release and counts whom it touches."""

    fields = readonly_fields = ("identifier", "source_language", "current", "drafts", "card")

    @admin.display(description=_("drafts"))
    def drafts(self, course):
        url = reverse("admin:publish-course", args=[course.pk])
        return format_html('<a href="{}">{}</a>', url, gettext("See what is not published yet"))

    def get_urls(self):
        view = self.admin_site.admin_view(self.publish)
        return [path("<int:pk>/publish/", view, name="publish-course"), *super().get_urls()]

    @method_decorator(asks_who_it_is)
    def publish(self, request, pk):
        course = get_object_or_404(Course, pk=pk)
        if not request.user.has_perm("content.add_release"):
            raise PermissionDenied
        if "proposal" in request.POST:
            self.answer_proposal(request, course)
            return redirect("admin:publish-course", pk)
        drafts = publishing.drafts(course)
        form = PublishForm(request.POST if request.method == "POST" else None, drafts=drafts)
        status = form_status(form)
        try:
            if form.is_valid() and (address := self.published(request, course, form)):
                return redirect(*address)
        except publishing.StaleChoice:
            # The page as it is now, with nothing confirmed yet; weight and note stay.
            self.message_user(request, SAVED_MEANWHILE, messages.ERROR)
            course.refresh_from_db()
            drafts = publishing.drafts(course)
            form, status = PublishForm(drafts=drafts, initial=form.words), HTTPStatus.CONFLICT
        return self.page_to_publish_on(request, course, drafts, form, status)

    def page_to_publish_on(self, request, course, drafts, form, status):
        people = people_per_document([draft.document for draft in drafts])
        touched = touched_by([draft.document for draft in drafts])
        changed = changes_in_words(course, [draft.revision for draft in drafts])
        others = proposing.others_who_may_publish(request.user).exists()
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Publish changes"),
            "proposals": [
                (proposal, changes_in_words(course, proposal.revisions.all()), proposal.proposed_by == request.user)
                for proposal in proposing.open_proposals(course)
            ],
            "needs_second": bool(changed) and others,
            "is_alone": bool(changed) and not others,
            "opts": self.opts,
            "course": course,
            "form": form,
            "rows": [
                (draft, option, people.get(draft.document.pk, 0), changed.get(draft.document.identifier, ()))
                for draft, option in zip(drafts, form["revisions"], strict=True)
            ],
            "weights": [(option, touched[option.data["value"]]) for option in form["weight"]],
        }
        return TemplateResponse(request, "admin/learning/publish.html", context, status=status)

    def published(self, request, course, form):
        """Where to go after a release or a proposal; None where the form now says what is wrong. Raises StaleChoice."""
        changes_exams = bool(changes_in_words(course, form.chosen))
        if changes_exams and form.words["weight"] == Release.Weight.MINOR:
            form.add_error("weight", gettext("An exam, its questions or its pass mark are more than minor."))
            return None
        try:
            if not changes_exams:
                release = publishing.publish(course, form.chosen, **form.words, by=request.user)
            else:
                proposal = proposing.propose(course, form.chosen, **form.words, by=request.user)
                if proposing.others_who_may_publish(request.user).exists():
                    note = gettext("Proposed. Learners see it when somebody else who may publish has released it.")
                    self.message_user(request, note, messages.SUCCESS)
                    return ["admin:publish-course", course.pk]
                release = proposing.release_proposed(proposal, by=request.user)
        except publishing.ContentErrors as refused:
            for problem in refused.problems:
                form.add_error(None, str(problem))
            return None
        except publishing.PassMarkTooLow as refused:
            note = gettext("%(exam)s: a pass mark of %(mark)d is too low. This site asks for %(floor)d or more.")
            form.add_error(None, note % vars(refused))
            return None
        self.say_released(request, release)
        return ["admin:content_course_changelist"]

    def say_released(self, request, release):
        note = gettext("Release %(number)d is what learners see from now on.")
        self.message_user(request, note % {"number": release.number}, messages.SUCCESS)

    def answer_proposal(self, request, course):
        """Release or decline a proposal, and say what was done."""
        pk = request.POST["proposal"]
        proposal = get_object_or_404(Proposal, course=course, pk=pk if pk.isdecimal() else None)
        try:
            if "decline" in request.POST:
                proposing.decline(proposal, by=request.user)
                self.message_user(request, gettext("The proposal is declined. The drafts stay."), messages.SUCCESS)
            else:
                self.say_released(request, proposing.release_proposed(proposal, by=request.user))
        except proposing.OwnProposal:
            note = gettext("You proposed this yourself: somebody else who may publish has to release it.")
            self.message_user(request, note, messages.ERROR)
        except (publishing.ProposalVoid, publishing.StaleChoice):
            note = gettext("This proposal no longer holds: something was saved or released since. Please look again.")
            self.message_user(request, note, messages.ERROR)
        except (publishing.ContentErrors, publishing.PassMarkTooLow) as refused:
            self.message_user(request, str(refused), messages.ERROR)
