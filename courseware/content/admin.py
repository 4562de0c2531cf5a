"""Admin pages of courses, releases and revisions, and the editor of documents."""

from http import HTTPStatus
from typing import ClassVar

from allauth.core import ratelimit
from django.contrib import admin, messages
from django.db.models import F, OuterRef, Prefetch, Q, Subquery
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from courseware.autosave.store import drop
from courseware.content.authoring.autosave import autosaved_tabs, store_tabs
from courseware.content.authoring.editor_state import (
    DraftForm,
    compared,
    editor_state_after,
    editor_state_of,
    language_name,
    title_of,
)
from courseware.content.authoring.emergency_contacts import ContactInline
from courseware.content.authoring.preview import check_in_side_process, missing_preview, preview_for
from courseware.content.course_titles import CourseTitleFilter, course_title
from courseware.content.models import Course, Document, Release, ReleaseEntry, Revision, SourceFile
from courseware.content.releases.drafts import (
    ArchivedDocument,
    StaleDraft,
    discard_draft,
    form_of,
    restore,
    save_drafts,
)
from courseware.content.releases.publishing import ContentErrors, released_revisions
from courseware.content.rendering.emergency_card import sections_without_contact
from courseware.content.rendering.figures import media_url
from courseware.content.rendering.page_links import page_url
from courseware.course_format.parsing.documents import display_tag
from courseware.lib.admin.model_admins import LargeTableAdmin, ListFiltersOnly, ReadOnly
from courseware.lib.side_process import WorkNotDone
from courseware.lib.web.page_views import form_on, in_background

SHOWN_REVISIONS = 100


def editor_address(object_id):
    return reverse("admin:content_document_change", args=[object_id])


@admin.register(Course)
class CourseAdmin(ReadOnly, ListFiltersOnly, admin.ModelAdmin):
    """Courses are imported; only their emergency contacts are edited here."""

    list_display = ["identifier", "course_shown", "source_language", "current", "card"]
    list_select_related = ["current__course"]
    fields: ClassVar[tuple[str, ...]] = ("identifier", "source_language", "current", "card")
    readonly_fields = fields
    inlines = [ContactInline]

    def has_change_permission(self, request, obj=None):
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    @admin.display(description=_("title"))
    def course_shown(self, course):
        return course_title(course)

    @admin.display(description=_("emergency card"))
    def card(self, course):
        missing = sections_without_contact(course, get_language())
        if not missing:
            return gettext("complete")
        return gettext("no contact yet for: %(emergencies)s") % {"emergencies": gettext(", ").join(missing)}


@admin.register(Release)
class ReleaseAdmin(ReadOnly, ListFiltersOnly, admin.ModelAdmin):
    list_display = ["number", "course_shown", "created_at", "created_by", "impact", "note"]
    list_filter = [("course", CourseTitleFilter), "impact"]
    list_select_related = ["course__current", "created_by"]
    fields = readonly_fields = ("course", "number", "impact", "note", "created_at", "created_by", "digest")

    @admin.display(description=_("course"), ordering="course")
    def course_shown(self, release):
        return course_title(release.course)


@admin.register(Revision)
class RevisionAdmin(ReadOnly, ListFiltersOnly, LargeTableAdmin, admin.ModelAdmin):
    list_display = ["document", "number", "created_at", "created_by", "note"]
    list_filter = [("document__course", CourseTitleFilter), "document__kind"]
    list_select_related = ["document", "created_by"]
    search_fields = ["document__identifier", "note"]
    ordering = ["-created_at", "-pk"]
    fields = readonly_fields = ("document", "number", "created_at", "created_by", "note")


class DraftFilter(admin.SimpleListFilter):
    title = _("status")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("draft", _("draft")), ("released", _("released"))]

    def queryset(self, request, queryset):
        is_released = Q(latest_revision=F("released"))
        if self.value() == "draft":
            return queryset.exclude(is_released)
        return queryset.filter(is_released) if self.value() == "released" else queryset


@admin.register(Document)
class DocumentAdmin(ListFiltersOnly, admin.ModelAdmin):
    """The editor. Documents are added and removed by imports only."""

    list_display = ["identifier", "document_title", "kind", "place", "state"]
    list_filter = ["kind", DraftFilter, ("course", CourseTitleFilter)]
    list_per_page = 50
    search_fields = ["identifier"]
    search_help_text = _("Search by ID, title or text.")

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    # The list

    def get_ordering(self, request):
        return ["course", "path"]  # the order of the files is that of the course outline

    def get_queryset(self, request):
        """Add `released` (primary key of the revision that learners see) and `path`; exclude archived documents."""
        entries = ReleaseEntry.objects.filter(release=OuterRef("course__current"), document=OuterRef("pk"))
        texts = SourceFile.objects.exclude(revision__document__kind=Document.Kind.MEDIA)
        of_head = SourceFile.objects.filter(
            revision=OuterRef("latest_revision"), language__in=["", OuterRef("course__source_language")]
        )
        documents = Document.objects.exclude(latest_revision=None).annotate(
            released=Subquery(entries.values("revision")[:1]), path=Subquery(of_head.values("path")[:1])
        )
        documents = documents.select_related("course", "latest_revision").order_by(*self.get_ordering(request))
        return documents.prefetch_related(Prefetch("latest_revision__texts", queryset=texts))

    def get_search_results(self, request, queryset, search_term):
        if not search_term:
            return queryset, False
        # A database cannot search in bytes, and a site has only some hundred files.
        term = search_term.casefold()
        matching = [
            document.pk
            for document in queryset
            if term in document.identifier.casefold()
            or any(
                term in bytes(text.body).decode(errors="replace").casefold()
                for text in document.latest_revision.texts.all()
            )
        ]
        return queryset.filter(pk__in=matching), False

    @admin.display(description=_("title"))
    def document_title(self, document):
        language = display_tag(document.course.source_language)
        return format_html('<span lang="{}">{}</span>', language, self.source_title(document))

    def source_title(self, document):
        texts = {text.language: bytes(text.body) for text in document.latest_revision.texts.all()}
        body = texts.get(document.course.source_language)
        return title_of(body) if body else ""

    @admin.display(description=_("path"), ordering="path")
    def place(self, document):
        return document.path

    @admin.display(description=_("status"))
    def state(self, document):
        return gettext("released") if document.latest_revision_id == document.released else gettext("draft")

    # One document

    def get_urls(self):
        def view(route, method, name):
            return path(route, self.admin_site.admin_view(method), name=f"content_document_{name}")

        return [
            view("<int:object_id>/change/unsaved/", require_POST(self.unsaved), "autosave"),
            view("<int:pk>/preview/", require_POST(self.preview), "preview"),
            view("<int:pk>/discard/", require_POST(self.discard), "discard"),
            view("<int:pk>/restore/<int:revision>/", require_POST(self.restore), "restore"),
            view("<int:pk>/compare/<int:old>/<int:new>/", require_safe(self.compare), "compare"),
            *super().get_urls(),
        ]

    def editable(self, request, pk):
        documents = self.get_queryset(request)
        document = documents.filter(pk=pk).first() if str(pk).isdecimal() else None
        # Also without permission, so that the answer does not disclose whether a document exists.
        if document is None or not self.has_change_permission(request, document):
            raise Http404(pk)
        return document

    @form_on(editor_address)
    def change_view(self, request, object_id, form_url="", extra_context=None):
        if request.method == "POST" and (page := self.archived(request, object_id)):
            return page
        document = self.editable(request, object_id)
        if document.kind == Document.Kind.MEDIA:
            return self.figure(request, document)
        if request.method != "POST":
            return self.opened(request, document)
        editor_state = self.posted(request, document)
        if editor_state is None:
            return HttpResponseBadRequest()
        return self.save(request, editor_state) if "save" in request.POST else self.editor(request, editor_state)

    def posted(self, request, document):
        """Return the editor state with the posted texts on their base revision, or None if the form is invalid."""
        form = DraftForm(
            request.POST, document=document, languages=editor_state_of(document, document.latest_revision).languages
        )
        return editor_state_of(document, form.cleaned_data["base"], form.texts) if form.is_valid() else None

    def opened(self, request, document):
        is_restored = "restore" in request.GET
        found = autosaved_tabs(document, request.user, is_restored=is_restored)
        editor_state = found.desk if found and is_restored else editor_state_of(document, document.latest_revision)
        return self.editor(request, editor_state, offer=found and found.offer)

    @in_background
    @form_on(editor_address, is_held=False)  # the browser tab still has the text
    def unsaved(self, request, object_id):
        document = self.editable(request, object_id)
        if document.kind == Document.Kind.MEDIA:
            raise Http404(object_id)
        if "throw-away" in request.POST:
            drop(request.user.pk, form_of(document))
            self.message_user(request, gettext("The unsaved text was discarded."), messages.INFO)
            return redirect(editor_address(object_id))
        editor_state = self.posted(request, document)
        if editor_state is None:
            return HttpResponseBadRequest()
        if not ratelimit.consume(request, action="unsaved_texts", key=str(request.user.pk)):
            return HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS)
        store_tabs(editor_state, by=request.user)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)

    def save(self, request, editor_state):
        texts = {language: text.encode() for language, text in editor_state.typed.items()}
        try:
            revision = save_drafts(
                editor_state.document, texts, base=editor_state.base, by=request.user, check=check_in_side_process
            )
        except ArchivedDocument:
            return self.archived(request, editor_state.document.pk)
        except StaleDraft as stale:
            return self.editor(request, editor_state_after(editor_state, stale.latest), status=HTTPStatus.CONFLICT)
        except ContentErrors as errors:
            return self.editor(request, editor_state, status=HTTPStatus.UNPROCESSABLE_ENTITY, problems=errors.problems)
        except WorkNotDone as reason:
            return self.editor(
                request, editor_state, status=HTTPStatus.SERVICE_UNAVAILABLE, preview=missing_preview(reason)
            )
        if revision.is_unchecked:
            level = messages.WARNING
            note = gettext(
                "Saved as revision %(number)d, but not checked because the server is busy. Save the text again later."
            )
        elif revision != editor_state.document.latest_revision:
            level = messages.SUCCESS
            note = gettext("Saved as revision %(number)d. Learners see it when it is published.")
        elif editor_state.document.latest_revision.is_unchecked:
            level, note = messages.SUCCESS, gettext("The draft was checked and has no errors.")
        else:
            level, note = messages.INFO, gettext("Nothing was changed, so there is nothing to save.")
        self.message_user(request, note % {"number": revision.number}, level)
        return redirect(f"{editor_address(editor_state.document.pk)}?language={self.language(request, editor_state)}")

    def archived(self, request, pk):
        """Return a page with the texts typed for a document that was archived meanwhile, else None."""
        documents = Document.objects.filter(latest_revision=None).select_related("course")
        document = documents.filter(pk=pk).first() if str(pk).isdecimal() else None
        if document is None or not self.has_change_permission(request, document):
            return None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": document.identifier,
            "document": document,
            "tabs": [
                (name, display_tag(language), language_name(language), text)
                for name, text in request.POST.items()
                if (language := name.removeprefix("text-")) != name
            ],
        }
        return TemplateResponse(request, "admin/content/document/archived.html", context, status=HTTPStatus.CONFLICT)

    def language(self, request, editor_state):
        # A tab that was pressed, else the language shown before.
        asked = request.POST.get("tab") or request.POST.get("language") or request.GET.get("language")
        return asked if asked in editor_state.files else editor_state.languages[0]

    def editor(self, request, editor_state, *, offer=None, status=200, problems=(), preview=None):
        """Return the editor page. `problems` are shown only without a preview, which would find them all."""
        language = self.language(request, editor_state)
        preview = preview or self.previewed(request, editor_state, language)
        problems = problems if preview.missing else preview.problems
        others = [editor_state.tab(other, problems) for other in editor_state.languages if other != language]
        context = self.context(request, editor_state.document) | {
            **self.shown(request, editor_state, preview, problems, language),
            "offer": offer,
            "other_tabs": others,
            "has_errors": status == HTTPStatus.UNPROCESSABLE_ENTITY,
            "is_stale": status == HTTPStatus.CONFLICT or bool(editor_state.saved),
            "is_unchecked": status == HTTPStatus.SERVICE_UNAVAILABLE,
            "uses": self.linked_uses(editor_state.document, preview.uses),
        }
        return TemplateResponse(request, "admin/content/document/editor.html", context, status=status)

    def previewed(self, request, editor_state, language):
        return preview_for(
            request.user.pk, editor_state.manuscript, language, request.POST.dict(), request.POST.getlist("part")
        )

    def shown(self, request, editor_state, preview, problems, language):
        return {
            "desk": editor_state,
            "document": editor_state.document,
            "language": language,
            "tab": editor_state.tab(language, problems),
            "preview": preview,
            "problems_elsewhere": editor_state.elsewhere(problems),
            "carried": request.POST.get("carried", ""),
        }

    def figure(self, request, document):
        file = SourceFile.objects.get(revision=document.latest_revision)
        preview = self.previewed(request, editor_state_of(document, document.latest_revision), file.language)
        context = self.context(request, document) | {
            "url": media_url(document.course.identifier, file.path, file.digest),
            "preview": preview,
            "uses": self.linked_uses(document, preview.uses),
        }
        return TemplateResponse(request, "admin/content/document/figure.html", context)

    def context(self, request, document):
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": self.source_title(document) or document.identifier,
            "title_language": display_tag(document.course.source_language),
            "document": document,
            "is_draft": document.latest_revision_id != document.released,
            "publish_url": request.user.has_perm("content.add_release") and page_url("publish", document.course_id),
        }

    def linked_uses(self, document, uses):
        """Return (title, path, URL of the editor) of each document in `uses` (`Preview.uses`). Runs one query."""
        keys = dict(
            document.course.documents.filter(identifier__in=[use.id for use in uses]).values_list("identifier", "pk")
        )
        return [
            (use.title, use.path, reverse("admin:content_document_change", args=[keys[use.id]]))
            for use in uses
            if use.id in keys
        ]

    @in_background
    def preview(self, request, pk):
        editor_state = self.posted(request, self.editable(request, pk))
        if editor_state is None:
            return HttpResponseBadRequest()
        language = self.language(request, editor_state)
        preview = self.previewed(request, editor_state, language)
        context = self.shown(request, editor_state, preview, preview.problems, language)
        return TemplateResponse(request, "admin/content/document/_preview.html", context)

    def discard(self, request, pk):
        document = self.editable(request, pk)
        discard_draft(document)
        note = gettext("The draft was discarded. It stays in the history, and you can restore it.")
        self.message_user(request, note, messages.SUCCESS)
        return redirect("admin:content_document_change", pk)

    def restore(self, request, pk, revision):
        document = self.editable(request, pk)
        earlier = get_object_or_404(Revision, pk=revision, document=document)
        note = gettext("restored from revision %(number)d") % {"number": earlier.number}
        try:
            restore(document, earlier, by=request.user, note=note)
        except ArchivedDocument:
            raise Http404(pk) from None
        except ContentErrors as errors:
            self.message_user(
                request,
                gettext("The revision cannot be restored, because its text has errors in the current course:"),
                messages.ERROR,
            )
            for problem in errors.problems[:10]:
                self.message_user(request, str(problem), messages.ERROR)
            return redirect("admin:content_document_history", pk)
        self.message_user(
            request,
            gettext("The revision was restored as a draft. Learners see it when it is published."),
            messages.SUCCESS,
        )
        return redirect("admin:content_document_change", pk)

    def history_view(self, request, object_id, extra_context=None):
        document = self.editable(request, object_id)
        context = self.context(request, document) | {
            "revisions": document.revisions.select_related("created_by")[:SHOWN_REVISIONS],
            "released": released_revisions(document.course).get(document.pk),
        }
        return TemplateResponse(request, "admin/content/document/history.html", context)

    def compare(self, request, pk, old, new):
        document = self.editable(request, pk)
        sides = [get_object_or_404(Revision, pk=revision, document=document) for revision in (old, new)]
        context = self.context(request, document) | {"old": sides[0], "new": sides[1], "differing": compared(*sides)}
        return TemplateResponse(request, "admin/content/document/compare.html", context)
