"""Pieces of pages that are rendered once: the same for the same values, and never what is one person's."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from django.template import Context, Template
from django.utils import timezone, translation

from courseware.lib import cached_include

PIECES = {
    "plain.html": "[{{ word }}]",
    "curious.html": "{% if user or request or other %}seen{% else %}unseen{% endif %}",
    "form.html": "{% csrf_token %}<i>{{ form_token }}</i>",
    "form twice.html": "<i>{{ form_token }}</i><i>{{ form_token }}</i>",
    "hour.html": "{{ at|date:'H:i' }}",
    "translated.html": "{% load i18n %}{% translate 'Monday' %}",
}


@pytest.fixture(autouse=True)
def pieces(settings):
    backend = settings.TEMPLATES[0]
    options = {"libraries": {"cached_include": "courseware.lib.cached_include"}}
    options["loaders"] = [("django.template.loaders.locmem.Loader", PIECES)]
    settings.TEMPLATES = [{"BACKEND": backend["BACKEND"], "OPTIONS": options}]
    cached_include.rendered.cache_clear()
    yield
    cached_include.rendered.cache_clear()


def show(piece, values="", **context):
    return Template(f"{{% load cached_include %}}{{% cached_include '{piece}' {values} %}}").render(Context(context))


def form_tokens(html):
    return [part.split("</i>")[0] for part in html.split("<i>")[1:]]


def test_a_piece_is_rendered_once_for_the_same_values():
    assert [show("plain.html", "word=word", word=word) for word in ("tea", "tea", "coffee")] == [
        "[tea]",
        "[tea]",
        "[coffee]",
    ]
    assert (cached_include.rendered.cache_info().hits, cached_include.rendered.cache_info().misses) == (1, 2)


def test_values_are_escaped_once_and_every_time():
    assert [show("plain.html", "word=word", word="<b>") for _ in range(2)] == ["[&lt;b&gt;]"] * 2


def test_a_piece_sees_nothing_but_what_it_is_kept_by():
    assert show("curious.html", user="Ada", request="hers", other=1) == "unseen"


def test_every_form_gets_the_tokens_of_its_own_request():
    first, second = (show("form.html", csrf_token=token) for token in ("hers", "his"))
    assert 'value="hers"' in first
    assert 'value="his"' in second
    assert form_tokens(first) != form_tokens(second)
    assert cached_include.rendered.cache_info().hits == 1


def test_two_forms_of_one_piece_have_two_tokens():
    assert len(set(form_tokens(show("form twice.html")))) == 2


def test_language_and_time_zone_are_part_of_what_a_piece_is_kept_by():
    at = datetime(2026, 11, 25, 12, tzinfo=UTC)
    with timezone.override(ZoneInfo("Asia/Shanghai")):
        assert show("hour.html", "at=at", at=at) == "20:00"
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert show("hour.html", "at=at", at=at) == "13:00"
    assert show("translated.html") == "Monday"
    with translation.override("zh-hans"):
        assert show("translated.html") == "星期一"


def test_a_row_of_the_database_is_refused_because_an_older_state_of_it_is_equal():
    with pytest.raises(TypeError, match="word: two User with one primary key are equal"):
        show("plain.html", "word=word", word=get_user_model()(pk=1))
