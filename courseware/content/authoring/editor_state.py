"""State of the editor of one document: its texts as saved, as typed, and as saved by another person meanwhile."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django import forms

from courseware.content.authoring.preview import Manuscript
from courseware.content.models import Document, Revision
from courseware.content.releases.course_files import MAX_DOCUMENT
from courseware.content.releases.differences import Change, changes
from courseware.content.releases.drafts import course_with, text_without_bom, texts_of
from courseware.content.releases.publishing import expert_reviews_of
from courseware.content.releases.revisions import Files, files_of, make_file
from courseware.content.rendering.expert_reviews import Reviewer, reviewers_of
from courseware.content.rendering.figures import media_of
from courseware.course_format.diagnostics import Diagnostic
from courseware.course_format.parsing.documents import MEDIA_FOLDER, display_tag
from courseware.course_format.parsing.frontmatter import Unreadable, decode, parse_front

NAMES = {"zh-hans": "中文", "en": "English"}  # each in the language itself


def language_name(language: str) -> str:
    return NAMES.get(language, display_tag(language))


@dataclass(frozen=True)
class LanguageTab:
    language: str
    path: str
    text: str
    problems: tuple[Diagnostic, ...]
    theirs: str = ""  # as another person has saved it since; `differences` compares it with `text`
    differences: tuple[Change, ...] = ()

    @property
    def name(self) -> str:
        return language_name(self.language)

    @property
    def tag(self) -> str:
        return display_tag(self.language)


@dataclass(frozen=True)
class EditorState:
    """A document in the editor: the texts as typed, based on the revision `base`."""

    document: Document
    base: Revision
    files: Files  # those of `base`
    typed: Mapping[str, str]  # language → text, as far as a form has sent it
    saved: Mapping[str, bytes] = field(default_factory=dict)  # language → text that another person has saved meanwhile

    @cached_property
    def texts(self) -> Files:
        return texts_of(self.files, self.typed)

    @property
    def reader(self) -> Reviewer | None:
        """The expert who has reviewed exactly this text, or None. Runs a query if the text contains "waits"."""
        if self.texts != self.files or not any(b"waits" in file.body for file in self.files.values()):
            return None
        return reviewers_of(expert_reviews_of([self.base])).get(self.document.identifier)

    @cached_property
    def manuscript(self) -> Manuscript:
        """Input of the preview. Runs one query, and that of `reader`."""
        others = course_with(self.document.course, self.document, {})
        figures = {path: file for path, file in others.items() if path.startswith(MEDIA_FOLDER)}
        bodies = {path: file.body for path, file in figures.items()}
        digests = {path: file.digest for path, file in figures.items()}
        return Manuscript(
            self.document.identifier,
            self.files,
            self.typed,
            {path: b"" if path in figures else file.body for path, file in others.items()},
            media_of(self.document.course.identifier, bodies, digests),
            self.reader,
        )

    @property
    def languages(self) -> list[str]:
        # The source language first.
        return sorted(self.files, key=lambda language: (language != self.document.course.source_language, language))

    def tab(self, language: str, problems: Iterable[Diagnostic]) -> LanguageTab:
        """Return the tab of a language, with those of the `problems` that are in it."""
        file = self.files[language]
        text = self.typed.get(language, text_without_bom(file.body))
        own = tuple(problem for problem in problems if problem.path == file.path)
        if language not in self.saved:
            return LanguageTab(language, file.path, text, own)
        theirs = make_file(language, file.path, self.saved[language])
        return LanguageTab(
            language, file.path, text, own, text_without_bom(theirs.body), tuple(changes(theirs, self.texts[language]))
        )

    def elsewhere(self, problems: Iterable[Diagnostic]) -> list[Diagnostic]:
        """Return those of the `problems` that are in other documents."""
        own = {file.path for file in self.files.values()}
        return [problem for problem in problems if problem.path not in own]


def editor_state_of(document: Document, base: Revision, typed: Mapping[str, str] | None = None) -> EditorState:
    """Return the editor state on the revision `base`. `typed`: language → text. Runs one query."""
    return EditorState(document, base, files_of([base])[base.pk], typed or {})


def editor_state_after(state: EditorState, latest: Revision) -> EditorState:
    """Return the state based on `latest`, which another person saved: changed texts stay, beside the saved ones."""
    after = editor_state_of(state.document, latest)
    touched = {
        language: state.typed[language]
        for language, file in state.texts.items()
        if language in state.typed and file.body != state.files[language].body and language in after.files
    }
    saved = {
        language: after.files[language].body
        for language in touched
        if after.files[language].body not in (state.files[language].body, state.texts[language].body)
    }
    return EditorState(state.document, latest, after.files, touched, saved)


def compared(old: Revision, new: Revision) -> list[tuple[str, list[Change]]]:
    """Return (path, changed lines) of each file that differs between two revisions. Runs one query."""
    files = files_of([old, new])
    before, after = files[old.pk], files[new.pk]
    found = []
    for language in sorted({*before, *after}):
        old_file, new_file = before.get(language), after.get(language)
        file = new_file or old_file
        if file and (rows := changes(old_file, new_file)):
            found.append((file.path, rows))
    return found


def title_of(body: bytes) -> str:
    """Return the title in the front matter of a file, "" if it is unreadable."""
    try:
        return str(parse_front(decode(body)).values.get("title", ""))
    except Unreadable:
        return ""


class DraftForm(forms.Form):
    """The texts of a document, one field per language, and the revision they are based on."""

    base = forms.ModelChoiceField(queryset=Revision.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args, document, languages, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["base"].queryset = document.revisions.all()
        for language in languages:
            # Not stripped: every byte counts. `drafts.with_original_line_ends` undoes what browsers change.
            self.fields[f"text-{language}"] = forms.CharField(strip=False, max_length=MAX_DOCUMENT, required=False)

    @property
    def texts(self) -> dict[str, str]:
        return {
            name.removeprefix("text-"): text
            for name, text in self.cleaned_data.items()
            if name.startswith("text-") and name in self.data
        }
