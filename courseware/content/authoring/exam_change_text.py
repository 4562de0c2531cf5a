"""Text of exam changes, for the page that publishes them."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.content.releases.exam_changes import ExamChange

LABELS = {
    "pass_mark": _("pass mark"),
    "strata": _("questions drawn"),
    "retakes": _("further attempts"),
    "reopens": _("reopens after"),
    "time_limit": _("time limit"),
    "critical_drill": _("practice set about must-know rules"),
    "again_after": _("exam before the post-test"),
    "completion": _("completion rule"),
}


def words_of(change: ExamChange) -> list[str]:
    """Return a text, in the active language, for each changed rule, then for new, changed and removed questions."""
    rules = [
        gettext("%(rule)s: %(before)s → %(after)s")
        % {"rule": LABELS[rule.key], "before": value_text(rule.before), "after": value_text(rule.after)}
        for rule in change.rules
    ]
    questions = [
        sentence % {"questions": gettext(", ").join(ids)}
        for sentence, ids in (
            (gettext("new questions: %(questions)s"), change.added),
            (gettext("changed questions: %(questions)s"), change.changed),
            (gettext("removed questions: %(questions)s"), change.removed),
        )
        if ids
    ]
    return [*rules, *questions] or [gettext("only the text changes; rules and questions stay the same")]


def value_text(value: Any) -> str:
    """Return a value of a rule as text in the active language."""
    if value is None or value == ():
        return gettext("none")
    if isinstance(value, dict):
        return " ".join(f"{key} {value_text(each)}" for key, each in value.items() if each not in (None, ()))
    if isinstance(value, list | tuple):
        return gettext(", ").join(map(value_text, value))
    return str(value)
