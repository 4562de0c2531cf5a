"""Template tags and filters: cached includes, durations, page titles."""

import ast
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import django
import polib
import pytest
from django import conf
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template import Context, Template
from django.utils import timezone, translation
from django.utils.translation import override

from courseware.lib.text import django_translations
from courseware.lib.text.durations import minutes_text_of
from courseware.lib.web import cached_include

TEMPLATES = {
    "plain.html": "[{{ word }}]",
    "curious.html": "{% if user or request or other %}seen{% else %}unseen{% endif %}",
    "form.html": "{% csrf_token %}<i>{{ form_token }}</i>",
    "form twice.html": "<i>{{ form_token }}</i><i>{{ form_token }}</i>",
    "hour.html": "{{ at|date:'H:i' }}",
    "translated.html": "{% load i18n %}{% translate 'Monday' %}",
}


@pytest.fixture(autouse=True)
def cached_templates(settings):
    backend = settings.TEMPLATES[0]
    options = {"libraries": {"cached_include": "courseware.lib.web.cached_include"}}
    options["loaders"] = [("django.template.loaders.locmem.Loader", TEMPLATES)]
    settings.TEMPLATES = [{"BACKEND": backend["BACKEND"], "OPTIONS": options}]
    cached_include.rendered.cache_clear()
    yield
    cached_include.rendered.cache_clear()


def show(name, values="", **context):
    return Template(f"{{% load cached_include %}}{{% cached_include '{name}' {values} %}}").render(Context(context))


def form_tokens(html):
    return [part.split("</i>")[0] for part in html.split("<i>")[1:]]


def test_template_is_rendered_once_per_values():
    assert [show("plain.html", "word=word", word=word) for word in ("tea", "tea", "coffee")] == [
        "[tea]",
        "[tea]",
        "[coffee]",
    ]
    assert (cached_include.rendered.cache_info().hits, cached_include.rendered.cache_info().misses) == (1, 2)


def test_cached_values_are_escaped_once():
    assert [show("plain.html", "word=word", word="<b>") for _ in range(2)] == ["[&lt;b&gt;]"] * 2


def test_template_sees_only_its_cache_key():
    assert show("curious.html", user="Ada", request="hers", other=1) == "unseen"


def test_form_tokens_are_per_request():
    first, second = (show("form.html", csrf_token=token) for token in ("hers", "his"))
    assert 'value="hers"' in first
    assert 'value="his"' in second
    assert form_tokens(first) != form_tokens(second)
    assert cached_include.rendered.cache_info().hits == 1


def test_two_forms_have_different_tokens():
    assert len(set(form_tokens(show("form twice.html")))) == 2


def test_language_and_time_zone_are_in_cache_key():
    at = datetime(2026, 11, 25, 12, tzinfo=UTC)
    with timezone.override(ZoneInfo("Asia/Shanghai")):
        assert show("hour.html", "at=at", at=at) == "20:00"
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert show("hour.html", "at=at", at=at) == "13:00"
    assert show("translated.html") == "Monday"
    with translation.override("zh-hans"):
        assert show("translated.html") == "星期一"


def test_model_instance_is_refused():
    with pytest.raises(TypeError, match="word: two User with one primary key are equal"):
        show("plain.html", "word=word", word=get_user_model()(pk=1))


WORDS = {
    0.5: ("1 minute", "1分钟"),
    1: ("1 minute", "1分钟"),
    1.5: ("2 minutes", "2分钟"),
    4.0: ("4 minutes", "4分钟"),
    59.4: ("59 minutes", "59分钟"),
    59.5: ("1 hour", "1小时"),
    60: ("1 hour", "1小时"),
    62: ("1 hour", "1小时"),
    63: ("1 hour 5 minutes", "1小时5分"),
    141: ("2 hours 20 minutes", "2小时20分"),
    178.5: ("3 hours", "3小时"),
}


@pytest.mark.parametrize("minutes", WORDS)
def test_durations_are_rounded_to_5_above_an_hour(minutes):
    with override("en"):
        english = minutes_text_of(minutes)
    with override("zh-hans"):
        assert (english, minutes_text_of(minutes)) == WORDS[minutes]


TITLE = Template("{% load page_titles %}{% with_outcome %}{{ title }}{% endwith_outcome %}")


@pytest.mark.parametrize(
    ("levels", "title", "shown"),
    [
        ([], "My team", "My team"),
        (["INFO", "WARNING"], "My team", "My team"),
        (["INFO", "SUCCESS"], "My team", "Done: My team"),
        (["SUCCESS", "ERROR"], "My team", "Error: My team"),
        (["SUCCESS"], "Error: My team", "Error: My team"),
        (["ERROR"], "Error: My team", "Error: My team"),
        (["SUCCESS"], "<b>", "Done: &lt;b&gt;"),
    ],
)
def test_title_begins_with_outcome(levels, title, shown):
    messages = [Message(getattr(constants, level), "…") for level in levels]
    assert TITLE.render(Context({"title": title, "messages": messages})) == shown


def test_title_without_messages_is_unchanged():
    assert TITLE.render(Context({"title": "My team"})) == "My team"


def django_messages():
    for package in (conf, admin):
        catalogue = Path(package.__file__).parent / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
        yield from (entry.msgid for entry in polib.pofile(str(catalogue)))


def test_every_overridden_message_exists_in_django():
    tree = ast.parse(Path(django_translations.__file__).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    ours = {call.args[0].value for call in calls}
    assert len(ours) > 40
    of_another_version = (
        django_translations.OF_DJANGO_5 if django.VERSION >= (6, 0) else django_translations.OF_DJANGO_6
    )
    with translation.override(None):
        assert ours - set(django_messages()) == {str(sentence) for sentence in of_another_version}
