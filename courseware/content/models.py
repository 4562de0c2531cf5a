"""Models of courses: documents, revisions, source files, releases, rendered pages, expert reviews."""

import re

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.lib.text.names import NameField

# Digits in groups, as people write them; a comma is a pause before an extension.
validate_number = RegexValidator(
    r"^\+?[0-9*#][0-9*# ().,;/-]{1,38}$", _("Enter a phone number. Use only digits, spaces, brackets and - + * #.")
)


class Course(models.Model):
    """A folder of documents. `current`: the release that learners see."""

    identifier = models.SlugField(_("id"), max_length=64, unique=True)
    source_language = models.CharField(_("source language"), max_length=10)
    current = models.ForeignKey(
        "Release",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("current release"),
    )

    class Meta:
        verbose_name, verbose_name_plural = _("course"), _("courses")
        ordering = ["identifier"]

    def __str__(self):
        return self.identifier


class Document(models.Model):
    """A lesson, an exam, a bank, a figure …, with an id that never changes."""

    class Kind(models.TextChoices):
        COURSE = "course", _("course")
        CARD = "card", _("emergency card")
        JURISDICTION = "jurisdiction", _("jurisdiction file")
        OUTLINE = "outline", _("syllabus")
        SOURCES = "sources", _("sources")
        TERMS = "terms", _("glossary")
        MODULE = "module", _("module")
        LESSON = "lesson", _("lesson")
        SIMULATION = "simulation", _("simulation")
        EXAM = "exam", _("exam")
        SURVEY = "survey", _("survey")
        BANK = "bank", _("question bank")
        MEDIA = "media", _("figure")

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="documents", verbose_name=_("course"))
    identifier = models.CharField(
        _("id"), max_length=200, help_text="The id of its front matter; of a figure, its path"
    )
    kind = models.CharField(_("type"), max_length=12, choices=Kind)
    latest_revision = models.ForeignKey(
        "Revision",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        help_text="The newest revision, released or not",
    )

    class Meta:
        verbose_name, verbose_name_plural = _("document"), _("documents")
        constraints = [models.UniqueConstraint(fields=["course", "identifier"], name="one_document_per_id")]

    def __str__(self):
        return self.identifier


class EmergencyContact(models.Model):
    """A contact of the company on the emergency card. Stored apart from the text, so that imports do not conflict."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="contacts", verbose_name=_("course"))
    section = models.CharField(_("emergency"), max_length=100, help_text="The id of a section of the card")
    language = models.CharField(_("language"), max_length=10, blank=True, help_text=_("Leave empty for all languages."))
    who = NameField(
        _("contact name"),
        max_length=80,
        help_text=_("Use the name that people here know, such as duty desk, room 302."),
    )
    number = models.CharField(_("phone number"), max_length=40, blank=True, validators=[validate_number])
    checked_on = models.DateField(
        _("checked on"), null=True, blank=True, help_text=_("The last day on which a test call to this number worked.")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("contact on the emergency card"), _("contacts on the emergency card")
        ordering = ["section", "pk"]

    def __str__(self):
        return f"{self.section}: {self.who}"

    @property
    def tel(self):
        """The number for a `tel:` link, or ""."""
        # An unescaped "#" would start the fragment of the URL.
        return re.sub(r"[^0-9+*#,;]", "", self.number).replace("#", "%23")


class Revision(models.Model):
    """One saved state of a document in all its languages. Only `is_unchecked` changes later."""

    document = models.ForeignKey(
        Document, on_delete=models.PROTECT, related_name="revisions", verbose_name=_("document")
    )
    number = models.PositiveIntegerField(_("number"))
    created_at = models.DateTimeField(_("saved at"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("saved by")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    is_unchecked = models.BooleanField(
        _("saved, but not checked"), default=False
    )  # the machine was busy; publishing checks

    class Meta:
        verbose_name, verbose_name_plural = _("revision"), _("revisions")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["document", "number"], name="one_revision_per_number")]

    def __str__(self):
        return f"{self.document} · {self.number}"


class SourceFile(models.Model):
    """One file of a revision, byte for byte. A figure has the language ""."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(max_length=10, blank=True)
    path = models.CharField(max_length=300, help_text="Inside the course's folder")
    body = models.BinaryField()
    digest = models.CharField(max_length=64, help_text="sha256 of the bytes, hexadecimal")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["revision", "language"], name="one_text_per_language")]

    def __str__(self):
        return self.path


class ImportedFile(models.Model):
    """A file of the last import: the base of the three-way comparison."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="imported_files")
    language = models.CharField(max_length=10, blank=True)
    path = models.CharField(max_length=300)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "language"], name="one_imported_text_per_language")]

    def __str__(self):
        return self.path


class ReleaseProposal(models.Model):
    """A release that changes exams, proposed by one person and released or declined by another.
    It is void if its revisions or the release `base` are no longer the latest, and done if a release refers to it.
    """

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="proposals")
    base = models.ForeignKey("Release", on_delete=models.PROTECT, null=True, related_name="+")
    revisions: "models.ManyToManyField[Revision, models.Model]" = models.ManyToManyField("Revision", related_name="+")
    impact = models.CharField(max_length=8, help_text="The highest of `impacts`")
    impacts = models.JSONField(default=dict, help_text="Id of each document → its impact")
    note = models.CharField(max_length=200)
    proposed_at = models.DateTimeField(default=timezone.now)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    declined_at = models.DateTimeField(null=True)
    declined_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name, verbose_name_plural = (
            _("release awaiting approval"),
            _("releases awaiting approval"),
        )
        ordering = ["pk"]

    def __str__(self):
        return f"{self.course} · {self.note}"

    @property
    def weighed(self):
        """(revision, impact of its change) of each revision."""
        revisions = list(self.revisions.all())
        return [(each, Release.Impact(self.impacts.get(each.document.identifier, "minor"))) for each in revisions]


class Release(models.Model):
    """A numbered set of revisions that learners see from now on. Never edited, only compiled again."""

    class Impact(models.TextChoices):
        MINOR = "minor", _("none: the change affects nobody")
        REREAD = "reread", _("read again: people who completed the lesson see what changed and confirm it")
        RETAKE = (
            "retake",
            _("retake check: people who completed the lesson answer its check questions again, about the new text"),
        )

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="releases", verbose_name=_("course"))
    number = models.PositiveIntegerField(_("number"))
    impact = models.CharField(
        _("impact"), max_length=8, choices=Impact, default=Impact.MINOR, help_text="The highest of its documents"
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("released at"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("released by")
    )
    proposal = models.OneToOneField(
        ReleaseProposal,
        on_delete=models.PROTECT,
        null=True,
        related_name="release",
        verbose_name=_("release awaiting approval"),
    )
    digest = models.CharField(
        _("checksum"), max_length=64, help_text="sha256 over the ids and digests of every text in it"
    )
    # Compiled when published (`rendering/compiler.py` lists the form), and again in place if the compiler changes.
    compiler = models.PositiveIntegerField()
    outlines = models.JSONField(help_text="The route of the course per language")

    class Meta:
        verbose_name, verbose_name_plural = _("release"), _("releases")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["course", "number"], name="one_release_per_number")]

    def __str__(self):
        return f"{self.course} · {self.number}"


ASKS_TO_REREAD = (Release.Impact.REREAD, Release.Impact.RETAKE)


class RenderedPage(models.Model):
    """A document compiled in one language, shared by all releases with the same result."""

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="pages")
    language = models.CharField(max_length=10)
    digest = models.CharField(max_length=64, help_text="sha256 of the data")
    data = models.JSONField()
    paragraphs = models.JSONField(default=list, help_text="What a search looks through, taken from the data")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "language", "digest"], name="one_page_per_digest")]

    def __str__(self):
        return f"{self.document} ({self.language})"


class ExpertReview(models.Model):
    """An expert has approved exactly this revision, until the review is withdrawn."""

    revision = models.ForeignKey(
        Revision, on_delete=models.PROTECT, related_name="readings", verbose_name=_("revision")
    )
    name = NameField(_("name"), max_length=80)
    profession = NameField(_("profession"), max_length=80)
    read_on = models.DateField(_("reviewed on"))
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("entered by")
    )
    undone_at = models.DateTimeField(_("review withdrawn at"), null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("review withdrawn by"),
    )

    class Meta:
        verbose_name, verbose_name_plural = _("expert review"), _("expert reviews")
        ordering = ["-pk"]
        default_permissions = ("add", "view")
        constraints = [
            models.UniqueConstraint(
                fields=["revision"], condition=models.Q(undone_at=None), name="one_reading_per_revision"
            )
        ]

    def __str__(self):
        return f"{self.revision} · {self.name}"


class ReleaseEntry(models.Model):
    """A document in a release. `impact`: impact of its change, or ""; `reading`: review of its content."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="entries")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="entries")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="entries")
    pages = models.ManyToManyField(RenderedPage, related_name="entries")
    impact = models.CharField(max_length=8, choices=Release.Impact, blank=True)
    reading = models.ForeignKey(ExpertReview, on_delete=models.PROTECT, null=True, related_name="entries")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["release", "document"], name="one_entry_per_document")]
        indexes = [
            models.Index(
                fields=["release", "document"],
                condition=models.Q(impact__in=ASKS_TO_REREAD),
                name="entry_more_than_minor",
            )
        ]

    def __str__(self):
        return f"{self.release}: {self.revision}"
