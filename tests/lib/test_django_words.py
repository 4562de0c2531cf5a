"""What we say otherwise than Django in Chinese is what Django still says."""

import ast
from pathlib import Path

import django
import polib
from django import conf
from django.contrib import admin
from django.utils import translation

from courseware.lib import django_words


def said_by_django():
    for package in (conf, admin):
        catalogue = Path(package.__file__).parent / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
        yield from (entry.msgid for entry in polib.pofile(str(catalogue)))


def test_every_sentence_that_is_put_otherwise_is_one_of_django():
    tree = ast.parse(Path(django_words.__file__).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    ours = {call.args[0].value for call in calls}
    assert len(ours) > 40
    of_another_version = django_words.OF_DJANGO_5 if django.VERSION >= (6, 0) else django_words.OF_DJANGO_6
    with translation.override(None):
        assert ours - set(said_by_django()) == {str(sentence) for sentence in of_another_version}
