"""Page titles that begin with the outcome of the last action."""

import pytest
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template import Context, Template

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
def test_a_title_begins_with_an_error_or_else_with_a_success(levels, title, shown):
    messages = [Message(getattr(constants, level), "…") for level in levels]
    assert TITLE.render(Context({"title": title, "messages": messages})) == shown


def test_a_page_without_messages_keeps_its_title():
    assert TITLE.render(Context({"title": "My team"})) == "My team"
