"""A change of an exam, in words."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.content.releases.exam_changes import ExamChange

RULES = {
    "pass_mark": _("pass mark"),
    "strata": _("questions drawn"),
    "retakes": _("further attempts"),
    "reopens": _("opens again after"),
    "time_limit": _("time limit"),
    "critical_drill": _("drill on critical rules"),
    "again_after": _("asks again after"),
    "completion": _("what completes the course"),
}


def words_of(change: ExamChange) -> list[str]:
    rules = [
        gettext("%(rule)s: %(before)s → %(after)s")
        % {"rule": RULES[rule.key], "before": value_words(rule.before), "after": value_words(rule.after)}
        for rule in change.rules
    ]
    questions = [
        sentence % {"questions": gettext(", ").join(ids)}
        for sentence, ids in (
            (gettext("new questions: %(questions)s"), change.added),
            (gettext("changed questions: %(questions)s"), change.changed),
            (gettext("questions taken out: %(questions)s"), change.removed),
        )
        if ids
    ]
    return [*rules, *questions] or [gettext("words only; rules and questions stay as they are")]


def value_words(value: Any) -> str:
    """A value of the front matter, as an editor knows it from there."""
    if value is None or value == ():
        return gettext("none")
    if isinstance(value, dict):
        return " ".join(f"{key} {value_words(each)}" for key, each in value.items() if each not in (None, ()))
    if isinstance(value, list | tuple):
        return gettext(", ").join(map(value_words, value))
    return str(value)
