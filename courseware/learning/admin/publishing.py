"""Admin pages to publish changes of a course and to enter expert reviews."""

from dataclasses import dataclass
from http import HTTPStatus

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.security.reauthentication import asks_before_posting, requires_reauthentication
from courseware.content.admin import CourseAdmin
from courseware.content.authoring.exam_change_text import words_of
from courseware.content.authoring.preview import check_in_side_process
from courseware.content.models import Course, Document, ExpertReview, Release, ReleaseProposal, Revision
from courseware.content.releases import proposals, publishing
from courseware.content.releases.drafts import NotChecked, check_newest
from courseware.content.releases.exam_changes import exam_changes
from courseware.content.releases.expert_reviews import enter_expert_review, last_expert_reviews, withdraw_expert_review
from courseware.content.rendering.expert_reviews import Reviewer
from courseware.content.rendering.store import AwaitingReview, outline
from courseware.learning.admin.forms import SAVED_MEANWHILE, ExpertReviewForm, PublishForm
from courseware.learning.lessons.changed_lessons import people_per_document, touched_by
from courseware.lib.side_process import WorkNotDone
from courseware.lib.web.form_numbers import keys_in
from courseware.lib.web.page_views import form_status, posted


def changes_text(course, revisions):
    """Return identifier of an exam, bank or course document → texts of what the release of `revisions` changes."""
    changes = exam_changes(publishing.released_revisions(course), revisions)
    return {change.document: words_of(change) for change in changes}


@dataclass(frozen=True)
class ShownReview:
    """A document that needs an expert review. `reading`: the review of the released `revision`, or None. `earlier`:
    only without `reading`, the last review of a former revision, or None.
    """

    held: AwaitingReview
    revision: Revision
    reading: ExpertReview | None
    earlier: ExpertReview | None
    form: ExpertReviewForm


def shown_reviews(course, sent=None):
    """Return the released documents that need an expert review, also given. `sent`: form to show again, or None."""
    if course.current is None:
        return []
    released = {each.document.identifier: each for each in publishing.released_revisions(course).values()}
    reviews, rows = last_expert_reviews(course), []
    for awaiting in outline(course.current, get_language()).awaiting_review:
        revision = released[awaiting.id]
        last = reviews.get(revision.document_id)
        is_read = last is not None and last.revision_id == revision.pk
        form = sent if sent and sent.prefix == str(revision.pk) else ExpertReviewForm(prefix=str(revision.pk))
        rows.append(ShownReview(awaiting, revision, last if is_read else None, None if is_read else last, form))
    return rows


def read_drafts(course, drafts):
    """Return primary keys of documents whose released text has an expert review and, if such a text has inserts, of
    jurisdiction files among `drafts` (from `publishing.drafts`). Runs at most 3 queries.
    """
    reviews = [row.reading for row in shown_reviews(course) if row.reading]
    read = {review.revision.document_id for review in reviews}
    jurisdiction_files = {each.document.pk for each in drafts if each.document.kind == Document.Kind.JURISDICTION}
    return read | (jurisdiction_files if jurisdiction_files and any(publishing.have_inserts(reviews)) else set())


admin.site.unregister(Course)


@admin.register(Course)
class PublishingCourseAdmin(CourseAdmin):
    fields = readonly_fields = ("identifier", "source_language", "current", "drafts", "waiting", "card")

    @admin.display(description=_("drafts"))
    def drafts(self, course):
        url = reverse("admin:publish-course", args=[course.pk])
        return format_html('<a href="{}">{}</a>', url, gettext("See unpublished changes"))

    @admin.display(description=_("awaiting expert review"))
    def waiting(self, course):
        awaiting = outline(course.current, get_language()).awaiting_review if course.current else ()
        if not awaiting:
            return gettext("nothing")
        url = reverse("admin:course-readings", args=[course.pk])
        return format_html('<a href="{}">{}</a>', url, gettext("See expert reviews"))

    def get_urls(self):
        site = self.admin_site
        return [
            path("<int:pk>/publish/", site.admin_view(self.publish), name="publish-course"),
            path("<int:pk>/readings/", site.admin_view(self.readings), name="course-readings"),
            *super().get_urls(),
        ]

    @method_decorator(asks_before_posting)
    def readings(self, request, pk):
        course = get_object_or_404(Course.objects.select_related("current"), pk=pk)
        if not self.has_view_permission(request, course):
            raise PermissionDenied
        if request.method != "POST":
            return self.reviews_page(request, course)
        if not request.user.has_perm("content.add_expertreview"):
            raise PermissionDenied
        try:
            if "reading" in request.POST:
                rows = ExpertReview.objects.filter(revision__document__course=course)
                rows = rows.select_related("revision__document")
                review = get_object_or_404(rows, pk__in=keys_in([request.POST["reading"]]))
                withdraw_expert_review(review, by=request.user)
                self.message_user(
                    request,
                    gettext("The expert review is withdrawn. Learners no longer see this content."),
                    messages.SUCCESS,
                )
                return redirect("admin:course-readings", pk)
            revisions = Revision.objects.filter(document__course=course).select_related("document")
            revision = get_object_or_404(revisions, pk__in=keys_in([request.POST.get("revision", "")]))
            form = ExpertReviewForm(request.POST, prefix=str(revision.pk))
            if not form.is_valid():
                return self.reviews_page(request, course, form)
            enter_expert_review(revision, Reviewer(**form.cleaned_data), by=request.user)
        except publishing.StaleChoice:
            self.message_user(request, SAVED_MEANWHILE, messages.ERROR)
            return self.reviews_page(request, course, status=HTTPStatus.CONFLICT)
        except publishing.PassMarkTooLow as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return self.reviews_page(request, course, status=HTTPStatus.CONFLICT)
        self.message_user(
            request, gettext("The expert review is saved. Learners see this content from now on."), messages.SUCCESS
        )
        return redirect("admin:course-readings", pk)

    def reviews_page(self, request, course, sent=None, status=None):
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Awaiting expert review"),
            "opts": self.opts,
            "course": course,
            "rows": shown_reviews(course, sent),
            "has_errors": sent is not None,
            "may_enter": request.user.has_perm("content.add_expertreview"),
        }
        status = status or (form_status(sent) if sent else HTTPStatus.OK)
        return TemplateResponse(request, "admin/learning/expert_reviews.html", context, status=status)

    @method_decorator(requires_reauthentication)
    def publish(self, request, pk):
        course = get_object_or_404(Course, pk=pk)
        if not request.user.has_perm("content.add_release"):
            raise PermissionDenied
        if "proposal" in request.POST:
            self.answer_proposal(request, course)
            return redirect("admin:publish-course", pk)
        drafts = publishing.drafts(course)
        form = PublishForm(posted(request), drafts=drafts)
        status = form_status(form)
        try:
            if form.is_valid() and (address := self.published(request, course, form)):
                return redirect(*address)
        except publishing.StaleChoice:
            # The current page, not confirmed yet, with impact and note as entered.
            self.message_user(request, SAVED_MEANWHILE, messages.ERROR)
            course.refresh_from_db()
            drafts = publishing.drafts(course)
            form = PublishForm(drafts=drafts, impacts=form.words["impacts"], initial={"note": form.words["note"]})
            status = HTTPStatus.CONFLICT
        return self.page_to_publish_on(request, course, drafts, form, status)

    def page_to_publish_on(self, request, course, drafts, form, status):
        people = people_per_document([draft.document for draft in drafts])
        changed = changes_text(course, [draft.revision for draft in drafts])
        others = proposals.others_who_may_publish(request.user).exists()
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Publish changes"),
            "proposals": [
                (proposal, changes_text(course, proposal.revisions.all()), proposal.proposed_by == request.user)
                for proposal in proposals.open_proposals(course)
            ],
            "needs_second": bool(changed) and others,
            "is_alone": bool(changed) and not others,
            "opts": self.opts,
            "course": course,
            "form": form,
            "rows": [
                (draft, option, impact, people.get(draft.document.pk, 0), changed.get(draft.document.identifier, ()))
                for draft, option, impact in zip(drafts, form["revisions"], form.impacts, strict=True)
            ],
            "read": read_drafts(course, drafts),
            "touched": touched_by([draft.document for draft in drafts]),
        }
        return TemplateResponse(request, "admin/learning/publish.html", context, status=status)

    def published(self, request, course, form):
        """Release the chosen drafts; changes of exams are only proposed if another person may approve them. Return
        arguments of `redirect`; None after errors were added to the form. Raise `StaleChoice`.
        """
        if any(revision.is_unchecked for revision in form.chosen) and not self.checked(course, form):
            return None
        changed = changes_text(course, form.chosen)
        if is_minor := [each for each in changed if form.words["impacts"].get(each) == Release.Impact.MINOR]:
            form.refuse_minor(is_minor)
            return None
        try:
            if not changed:
                release = publishing.publish(course, form.chosen, **form.words, by=request.user)
            else:
                proposal = proposals.propose(course, form.chosen, **form.words, by=request.user)
                if proposals.others_who_may_publish(request.user).exists():
                    note = gettext(
                        "Submitted for approval. Learners see the changes after another person "
                        "approves and releases them."
                    )
                    self.message_user(request, note, messages.SUCCESS)
                    return ["admin:publish-course", course.pk]
                release = proposals.release_proposed(proposal, by=request.user)
        except publishing.ContentErrors as refused:
            for problem in refused.problems:
                form.add_error(None, str(problem))
            return None
        except publishing.PassMarkTooLow as refused:
            note = gettext("%(exam)s: a pass mark of %(mark)d is too low. This site requires at least %(floor)d.")
            form.add_error(None, note % vars(refused))
            return None
        self.say_released(request, release)
        return ["admin:content_course_changelist"]

    def checked(self, course, form):
        try:
            check_newest(course, check_in_side_process)
        except publishing.ContentErrors as refused:
            for problem in refused.problems:
                form.add_error(None, str(problem))
            return False
        except (NotChecked, WorkNotDone):
            form.add_error(
                None,
                gettext(
                    "Some drafts were saved without a check, and they could not be checked now. Try again in 1 "
                    "minute. If that fails, shorten the drafts."
                ),
            )
            return False
        return True

    def say_released(self, request, release):
        note = gettext("Learners now see release %(number)d.")
        self.message_user(request, note % {"number": release.number}, messages.SUCCESS)

    def answer_proposal(self, request, course):
        pk = request.POST["proposal"]
        proposal = get_object_or_404(ReleaseProposal, course=course, pk=pk if pk.isdecimal() else None)
        try:
            if "decline" in request.POST:
                proposals.decline(proposal, by=request.user)
                self.message_user(request, gettext("The release was declined. The drafts stay."), messages.SUCCESS)
            else:
                self.say_released(request, proposals.release_proposed(proposal, by=request.user))
        except proposals.OwnProposal:
            note = gettext(
                "You submitted this release yourself. Another person with permission to publish must approve it."
            )
            self.message_user(request, note, messages.ERROR)
        except (publishing.ProposalVoid, publishing.StaleChoice):
            note = gettext(
                "This release can no longer be approved, because something was saved or released after this "
                "release was submitted. Check the changes again."
            )
            self.message_user(request, note, messages.ERROR)
        except (publishing.ContentErrors, publishing.PassMarkTooLow) as refused:
            self.message_user(request, str(refused), messages.ERROR)
