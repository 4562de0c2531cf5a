"""/people/emails/wording/: change and preview the wording of emails."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User
from courseware.accounts.people.form_fields import PersonSearch
from courseware.accounts.permissions.permissions import handles_people, people_visible_to, sees_whole_company
from courseware.accounts.security.reauthentication import asks_before_posting
from courseware.branding.branding import branding_of
from courseware.content.authoring.editor_state import language_name
from courseware.course_format.parsing.documents import display_tag
from courseware.hr.people.forms import exactly_or_found_by
from courseware.jobs.health import HealthWarning
from courseware.learning.emails.enrollment import signers_of
from courseware.learning.record_access_log import record_access
from courseware.lib.web.form_layout import Fields
from courseware.lib.web.page_views import form_view, page_view, post_view, posted
from courseware.notifications.email.email_types import EMAIL_TYPES, EmailCategory
from courseware.notifications.email.rendering import RenderedEmail, paragraphs_of, render_email
from courseware.notifications.models import OutgoingEmail
from courseware.notifications.unsubscribe import may_be_unsubscribed
from courseware.notifications.wording.blocks import PARTS, SUBJECT
from courseware.notifications.wording.editable_emails import EditableEmail, editable_email, editable_emails
from courseware.notifications.wording.email_wording import EmailWording, SetMeanwhile, Words, set_wording
from courseware.notifications.wording.placeholders import mistakes_in


@dataclass(frozen=True)
class EmailPreview:
    """An email in one language. `is_example`: made-up facts. `left`: labels of changed blocks that it does not use."""

    tag: str  # as in `lang`
    language: str | Promise
    email: RenderedEmail
    paragraphs: SafeString
    is_example: bool
    left: list[str | Promise]


def previews(email: EditableEmail, words: Words, person: User | None) -> list[EmailPreview]:
    """Return a preview in each language. `words`: block → language → text. `person`: whose facts; None: an example."""
    return [preview_in(tag, email, words, person) for tag, _language in settings.LANGUAGES]


def preview_in(tag: str, email: EditableEmail, words: Words, person: User | None) -> EmailPreview:
    with translation.override(tag):
        example = email.editable.example()
    facts = facts_about(person, email, tag) if person else None
    secrets = {name: example[name] for name in email.editable.secrets if facts and name in facts}
    context = facts | secrets if facts else example | (greeting_of(person, example) if person else {})
    email_settings = settings.SITE_URL + reverse("notifications:email-settings")
    written = render_email(
        email.kind,
        context,
        language=tag,
        face=branding_of(context.get("house_style_of", "")),
        own=words,
        # Not the real unsubscribe link: opening that link in the preview would unsubscribe the recipient.
        unsubscribe_url=email_settings if may_be_unsubscribed(email.name) else "",
    )
    left = [PARTS[part] for part in words if part not in written.own]
    language = str(language_name(tag))
    return EmailPreview(display_tag(tag), language, written, paragraphs_of(written), not facts, left)


def facts_about(person: User, email: EditableEmail, tag: str) -> dict | None:
    """Return the context of the person's newest email of this type; None if missing, outdated or about other people.
    It may hold working links: replace `email.editable.secrets` before you show it to another person.
    """
    if email.kind.sort == EmailCategory.SUBSCRIBED:
        return None
    message = OutgoingEmail.objects.of(person).filter(kind=email.name).select_related("person").first()
    if message is None or email.kind.why_unwanted([message]).get(message.pk):
        return None
    message.language = tag
    return email.kind.context([message]).get(message.pk)


def greeting_of(person: User, example: dict) -> dict:
    """Return those facts of the context `example` that name the recipient and the signer."""
    signer = signers_of({person.pk: None})[person.pk]
    return {"name": person.name, **{name: value for name, value in signer.items() if name in example}}


LONGEST_SUBJECT, LONGEST_TEXT = 150, 1500  # characters
NAMED = 5  # people listed if several match


def field_of_part(part, tag):
    return f"{part}_{tag.replace('-', '_')}"


class EmailWordingForm(forms.Form):
    """Form of the wording of the email `email`. Cleaned `person`: whose facts the preview shows, None: an example."""

    person = forms.CharField(
        label=_("Preview the email for this person"),
        help_text=_("Enter a name, email or staff number. Leave empty to see the email with example data."),
        required=False,
        max_length=254,
        widget=PersonSearch,
    )
    base = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, data=None, *, email, user):
        stored = {field_of_part(part, tag): text for part, texts in email.own.items() for tag, text in texts.items()}
        super().__init__(data, initial={"base": email.number} | stored)
        self.email, self.user = email, user
        defaults = email.shipped()
        for part in email.parts:
            for tag, _language in settings.LANGUAGES:
                self.fields[field_of_part(part, tag)] = words_of_part(part, tag, defaults[part][tag])

    @property
    def helper(self):
        fields = [field_of_part(part, tag) for part in self.email.parts for tag, _language in settings.LANGUAGES]
        return Fields(*fields, "base", "person", error_summary=True)

    def clean_person(self):
        words = self.cleaned_data["person"]
        if not words or "look" not in self.data:
            return None
        visible = people_visible_to(self.user).filter(is_active=True)
        found = list(exactly_or_found_by(words, visible).order_by("name", "pk")[: NAMED + 1])
        if not found:
            raise forms.ValidationError(_("This person was not found among the people you can see."))
        if len(found) > 1:
            names = ", ".join(f"{each.name} ({each.email or each.staff_number})" for each in found[:NAMED])
            message = _("Several people match. Enter the email or staff number of one of them: %(names)s.")
            raise forms.ValidationError(message, params={"names": names})
        return found[0]

    def clean(self):
        cleaned = super().clean()
        for part in self.email.parts:
            fields = [field_of_part(part, tag) for tag, _language in settings.LANGUAGES]
            for name in fields:
                cleaned[name] = tidy(cleaned.get(name, ""), is_line=part == SUBJECT)
                for mistake in mistakes_in(cleaned[name], self.email.known):
                    self.add_error(name, mistake)
            # `add_error` removes the cleaned value, but an invalid field is not an empty one.
            for name in fields:
                if cleaned.get(name) == "" and name not in self.errors and any(cleaned.get(each) for each in fields):
                    self.add_error(
                        name, gettext("Fill in this language too, or clear both languages to use the default wording.")
                    )
        return cleaned

    @property
    def words(self):
        """The wording to save: block → language → text, without empty blocks."""
        texts_by_part = {
            part: {tag: self.cleaned_data[field_of_part(part, tag)] for tag, _language in settings.LANGUAGES}
            for part in self.email.parts
        }
        return {part: texts for part, texts in texts_by_part.items() if all(texts.values())}


def words_of_part(part, tag, shipped):
    """Return the form field of the block `part` in the language `tag`. `shipped`: its default text."""
    label, language = format_lazy("{} · {}", PARTS[part], language_name(tag)), display_tag(tag)
    if shipped:
        help_text = format_html('{} <span lang="{}">{}</span>', _("Default:"), language, shipped)
    else:
        help_text = _("The default text of this part is empty.")
    if part == SUBJECT:
        widget, longest = forms.TextInput(attrs={"lang": language}), LONGEST_SUBJECT
    else:
        widget, longest = forms.Textarea(attrs={"rows": 4, "lang": language}), LONGEST_TEXT
    return forms.CharField(label=label, help_text=help_text, required=False, max_length=longest, widget=widget)


def tidy(text, *, is_line):
    """Return the text without blanks at the ends of lines and text; with `is_line` as one line."""
    if is_line:
        return " ".join(text.split())
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


PAGE = "hr:email-wording"
SHOWN_WORDINGS = 20  # in the history


def wording_url(kind, **places):
    return reverse("hr:wording-of-email", args=[kind])


def email_or_404(name):
    email = editable_email(name)
    if email is None:
        raise Http404
    return email


@page_view(allowed=sees_whole_company)
def email_wording(request):
    found = editable_emails()
    rows = EmailWording.objects.filter(pk__in=[email.row.pk for email in found if email.row])
    people = dict(rows.values_list("kind", "set_by__name"))
    emails = [(email, people.get(email.name), names_of(email.unusable)) for email in found]
    fixed = [kind.words for kind in EMAIL_TYPES.values() if kind.editable is None]
    return render(request, "hr/email_wording.html", {"emails": emails, "fixed": fixed})


def names_of(parts):
    """Return labels of these blocks; an unknown one stays as it is."""
    return [PARTS.get(part, part) for part in parts]


@form_view(wording_url, allowed=sees_whole_company, reauthenticate=asks_before_posting)
def wording_of_email(request, kind):
    if request.method == "POST" and not handles_people(request.user):
        raise Http404
    email = email_or_404(kind)
    form = EmailWordingForm(posted(request), email=email, user=request.user)
    if request.method != "POST":
        return wording_page(request, form)
    if not form.is_valid():
        return wording_page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if "look" in request.POST:
        return viewed_at(request, form)
    try:
        is_new = set_wording(kind, form.words, shipped=email.shipped(), base=form.cleaned_data["base"], by=request.user)
    except SetMeanwhile:
        form.add_error(None, gettext("Another person has changed the wording of this email. Open the page again."))
        return wording_page(request, form, status=HTTPStatus.CONFLICT)
    messages.success(request, gettext("The wording was saved.") if is_new else gettext("Nothing was changed."))
    return redirect(wording_url(kind))


def viewed_at(request, form):
    person = form.cleaned_data["person"]
    shown = previews(form.email, form.words, person)
    if person and not all(each.is_example for each in shown):
        record_access(person, by=request.user)
    return wording_page(request, form, person=person, previews=shown)


def wording_page(request, form, *, status=HTTPStatus.OK, **looked):
    email, since = form.email, form.email.shipped_since()
    wordings = EmailWording.objects.filter(kind=email.name).select_related("set_by").order_by("-number")
    example = email.editable.example() | {"company": gettext("Anhe Insurance")}
    context = {
        "form": form,
        "email": email,
        "may_change": handles_people(request.user),
        "own": in_lines(email.own),
        "placeholders": [(f"{{{name}}}", each.words, each.value(example)) for name, each in email.known.items()],
        "unusable": names_of(email.unusable),
        "since": [(PARTS[part], in_languages(then), in_languages(now)) for part, (then, now) in since.items()],
        "wordings": [(row, in_lines(row.words)) for row in wordings[:SHOWN_WORDINGS]],
        "previews": (),
        "person": None,
        **looked,
    }
    return render(request, "hr/wording_of_email.html", context, status=status)


def in_lines(words):
    """Return (label of block, [(language tag, text)]) pairs, in email order. `words`: block → language → text."""
    return [(name, in_languages(words[part])) for part, name in PARTS.items() if part in words]


def in_languages(texts):
    return [(display_tag(tag), text) for tag, text in texts.items()]


@post_view(wording_url, allowed=handles_people, reauthenticate=asks_before_posting)
def reset_wording(request, kind):
    email = email_or_404(kind)
    base = request.POST.get("base", "")
    try:
        if email.own and base != str(email.number):
            raise SetMeanwhile
        is_new = set_wording(kind, {}, shipped=email.shipped(), base=email.number, by=request.user)
    except SetMeanwhile:
        message = gettext(
            "Another person has changed the wording of this email in the meantime, so the "
            "default wording was not restored."
        )
        messages.error(request, message)
        return redirect(wording_url(kind))
    if is_new:
        messages.success(request, gettext("The default wording is restored."))
    return redirect(wording_url(kind))


def wording_warnings(now: datetime) -> list[HealthWarning]:
    """Return a warning for each wording with blocks or placeholders that this version lacks. `now` is ignored."""
    found = []
    for email in editable_emails():
        if parts := names_of(email.unusable):
            message = gettext(
                "this software version cannot use the custom wording of these parts of the email: %(parts)s; "
                "the default wording is sent instead"
            )
            found.append(HealthWarning(message % {"parts": ", ".join(map(str, parts))}, email.kind.words, PAGE))
    return found
