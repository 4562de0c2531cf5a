"""The fast select widget renders the same HTML as Django's."""

from html.parser import HTMLParser

import pytest
from django import forms
from django.utils.translation import gettext_lazy

from courseware.lib.web.form_layout import LongSelect

CHOICES = [("", gettext_lazy("all")), (7, "Night & <day>"), (17, "Seventeen"), ("x'\"", "Quoted")]


class Read(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(str(html))

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.found += [data] if data.strip() else []


@pytest.mark.parametrize("value", [None, "", 7, "7", ["17"], "x'\"", "170", "<b>"])
@pytest.mark.parametrize("attrs", [None, {"id": "id_team", "required": True, "disabled": False, "aria-label": '"'}])
def test_long_select_equals_django_select(value, attrs):
    mine, djangos = (
        kind(choices=CHOICES, attrs={"class": "select"}).render("team", value, attrs)
        for kind in (LongSelect, forms.Select)
    )
    assert Read(mine).found == Read(djangos).found
    assert ("select", {"name": "team", "class": "select"} | shown(attrs)) in Read(mine).found


def shown(attrs):
    return {} if attrs is None else {"id": "id_team", "required": None, "aria-label": '"'}
