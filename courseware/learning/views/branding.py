"""Branding settings for admins: /branding/."""

from http import HTTPStatus
from operator import attrgetter

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.validators import RegexValidator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.permissions.site_context import site_name
from courseware.accounts.security.reauthentication import requires_reauthentication
from courseware.branding.branding import SITE, ActiveBranding, ChangedMeanwhile, set_branding, store_logo, style_of
from courseware.branding.colours import DARK, LEAST, LIGHT, least_contrast, nearest_readable
from courseware.branding.logos import InvalidLogo, make_logo
from courseware.branding.models import Branding, Logo
from courseware.content.authoring.editor_state import language_name
from courseware.content.course_titles import course_title
from courseware.content.models import Course
from courseware.lib.web.form_layout import Fields
from courseware.lib.web.page_views import form_view

SAID = {
    "name": (_("Company name"), _("Shown above each page, in emails and on certificates.")),
    "contact": (_("Contact for help"), _("Shown below each page, for example: Training, extension 2210.")),
    "sender": (_("Email sender name"), _("Leave empty to use the company name.")),
    "signature": (_("Email signature"), _("Shown below each email, at most 5 lines.")),
    "issuer": (
        _("Issuer of certificates"),
        _("Leave empty to use the company name. Existing certificates do not change."),
    ),
    "signer": (_("Person who signs certificates"), _("Name and job title, as shown on new certificates.")),
}


LINES_OF_SIGNATURE = 5


COLOUR = RegexValidator("^#[0-9a-fA-F]{6}$", _("Enter a colour as # and 6 characters, for example #0f5f73."))


TOO_FAINT = _(
    "%(colour)s is hard to read on the page. Its contrast is %(found)s:1, and at least 4.5:1 is needed. The "
    "nearest readable colour: %(near)s"
)


THEMES = {"light": LIGHT, "dark": DARK}


NO_LOGO = {
    "size": _("This picture is too large: at most 1 MB."),
    "kind": _("This file is not a readable picture. Upload PNG, JPEG, WebP or GIF."),
    "points": _("This picture has too many pixels: at most 20 million."),
}


def field_of(key, tag):
    return f"{key}_{tag.replace('-', '_')}"


def words_field(key, tag):
    label, hint = SAID[key]
    options = {"label": format_lazy("{} · {}", label, language_name(tag)), "help_text": hint, "required": False}
    if key == "signature":
        return forms.CharField(max_length=300, widget=forms.Textarea(attrs={"rows": 3}), **options)
    return forms.CharField(max_length=120, **options)


def colour_field(label, theme):
    hint = format_lazy(_("Leave empty to use {colour}."), colour=theme.colour)
    return forms.CharField(label=label, required=False, validators=[COLOUR], help_text=hint)


class BrandingForm(forms.Form):
    """`style`: current Branding or None. `course`: id or SITE. `values`: fields to set. `new_logo`: unsaved or None."""

    light = colour_field(_("Colour on light pages"), LIGHT)
    dark = colour_field(_("Colour on dark pages"), DARK)
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
        help_text=_("PNG, JPEG, WebP or GIF, at most 1 MB. The site resizes it to at most 640 × 160 pixels."),
    )
    no_logo = forms.BooleanField(label=_("Remove the logo"), required=False)
    sender_address = forms.EmailField(
        label=_("Email sender address"),
        required=False,
        max_length=254,
        help_text=_(
            "Your mail server must be allowed to send from this address. Leave empty to use the address in the "
            "site’s settings."
        ),
    )
    is_card_public = forms.BooleanField(
        label=_("Public emergency card"),
        required=False,
        help_text=_("Anyone who opens this site sees the emergency card and its phone numbers without signing in."),
    )
    viewed_at = forms.CharField(required=False, widget=forms.HiddenInput, max_length=64)
    base = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    new_logo = None

    def __init__(self, *args, style, course, **kwargs):
        stored = initial_of(style) if style else {}
        super().__init__(*args, initial={"base": 0} | stored, **kwargs)
        self.style = style
        if course:
            del self.fields["is_card_public"]
        for key in SAID:
            for tag, _language in settings.LANGUAGES:
                self.fields[field_of(key, tag)] = words_field(key, tag)

    @property
    def helper(self):
        texts = [field_of(key, tag) for key in SAID for tag, _language in settings.LANGUAGES]
        look = ["light", "dark", "logo", *(["no_logo"] if self.style and self.style.logo_id else [])]
        for_all = [name for name in ("is_card_public",) if name in self.fields]
        return Fields(*texts, "sender_address", *look, *for_all, "viewed_at", "base", error_summary=True)

    def clean_light(self):
        return self.readable("light")

    def clean_dark(self):
        return self.readable("dark")

    def readable(self, look):
        colour, theme = self.cleaned_data[look].lower(), THEMES[look]
        if colour and (found := least_contrast(colour, theme)) < LEAST:
            params = {"colour": colour, "found": f"{found:.1f}", "near": nearest_readable(colour, theme)}
            raise forms.ValidationError(TOO_FAINT, params=params)
        return colour

    def clean_logo(self):
        file = self.cleaned_data["logo"]
        if file:
            try:
                self.new_logo = make_logo(file)
            except InvalidLogo as refused:
                raise forms.ValidationError(NO_LOGO[str(refused)]) from refused
        return file

    def clean(self):
        cleaned = super().clean()
        for key in SAID.keys() - {"signature"}:  # one line each, for email headers
            for name in [field_of(key, tag) for tag, _language in settings.LANGUAGES]:
                cleaned[name] = " ".join(cleaned.get(name, "").split())  # "" if it was invalid
        for tag, _language in settings.LANGUAGES:
            name = field_of("signature", tag)
            lines = [" ".join(line.split()) for line in cleaned.get(name, "").splitlines()]
            if len(lines) > LINES_OF_SIGNATURE:
                self.add_error(name, _("At most 5 lines."))
            cleaned[name] = "\n".join(lines).strip()
        return cleaned

    @property
    def values(self):
        texts_by_key = {key: self.texts(key) for key in SAID}
        return {
            "words": {key: texts for key, texts in texts_by_key.items() if texts},
            "sender_address": self.cleaned_data["sender_address"],
            "light": self.cleaned_data["light"],
            "dark": self.cleaned_data["dark"],
            "logo_id": self.logo_key(),
            "is_card_public": self.cleaned_data.get("is_card_public", False),
        }

    def texts(self, key):
        texts = {tag: self.cleaned_data[field_of(key, tag)] for tag, _language in settings.LANGUAGES}
        return {tag: text for tag, text in texts.items() if text}

    def logo_key(self):
        if self.new_logo:
            return self.new_logo.pk
        if self.cleaned_data["no_logo"]:
            return None
        viewed_at = Logo.objects.filter(pk=self.cleaned_data["viewed_at"]).values_list("pk", flat=True).first()
        return viewed_at or (self.style.logo_id if self.style else None)


def initial_of(style):
    words = {field_of(key, tag): text for key, texts in style.words.items() for tag, text in texts.items()}
    return words | {
        "sender_address": style.sender_address,
        "light": style.light,
        "dark": style.dark,
        "is_card_public": style.is_card_public,
        "base": style.number,
    }


def branding_url(course=SITE):
    return reverse("learning:branding-of-course", args=[course]) if course else reverse("learning:branding")


@form_view(branding_url, allowed=attrgetter("is_superuser"), is_held=False)  # a file cannot be stored for later
@requires_reauthentication
def branding_settings(request, course=SITE):
    titles = titles_of_courses()
    if course and course not in titles:
        raise Http404
    style = style_of(course)
    if request.method != "POST":
        return branding_page(request, course, titles, BrandingForm(style=style, course=course), style)
    form = BrandingForm(request.POST, request.FILES, style=style, course=course)
    if not form.is_valid():
        return branding_page(request, course, titles, form, style, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if "look" in request.POST:
        return viewed_at(request, course, titles, form)
    try:
        set_branding(course, form.values, base=form.cleaned_data["base"], logo=form.new_logo, by=request.user)
    except ChangedMeanwhile:
        form.add_error(None, gettext("Another person has changed the branding in the meantime. Open the page again."))
        return branding_page(request, course, titles, form, style, status=HTTPStatus.CONFLICT)
    messages.success(request, gettext("The branding is saved."))
    return redirect(branding_url(course))


def titles_of_courses():
    courses = Course.objects.select_related("current").defer("current__outlines").order_by("pk")
    return {course.identifier: course_title(course) for course in courses}


def viewed_at(request, course, titles, form):
    """Render a preview with the submitted values. The logo is stored so that it can be shown."""
    values = form.values
    if form.new_logo:
        store_logo(form.new_logo)
    form.data = form.data.copy()
    form.data["viewed_at"] = values["logo_id"] or ""
    return branding_page(request, course, titles, form, Branding(**values), is_tried=True)


def branding_page(request, course, titles, form, style, *, is_tried=False, status=HTTPStatus.OK):
    site = style_of(SITE) if course else None
    active = ActiveBranding(tuple(each for each in (style, site) if each))
    language = get_language()
    context = {
        "form": form,
        "whose": titles.get(course, ""),
        "course": course,
        "titles": titles,
        "branding": active,
        "site_name": site_name(active),
        "is_tried": is_tried,
        "sender": active.said("sender", language) or active.name(language),
        "sender_address": active.of("sender_address") or settings.DEFAULT_FROM_EMAIL,
        "signature": active.said("signature", language),
        "issuer": active.said("issuer", language) or active.said("name", language),
        "signer": active.said("signer", language),
    }
    return render(request, "learning/branding.html", context, status=status)
