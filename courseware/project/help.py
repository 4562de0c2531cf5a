"""Help pages: the guides in docs/help/, one per role, in the user's language."""

import re
from functools import cache
from itertools import count
from typing import NamedTuple
from xml.etree.ElementTree import Element

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe
from markdown import Markdown
from markdown.treeprocessors import Treeprocessor

from courseware.accounts.permissions.permissions import handles_people, is_manager
from courseware.content.rendering.markdown import ChineseLines, scrolling_tables

# Role → whether its guide is for a signed-in user. A user's main role is the first one that matches.
GUIDES = {
    "hr": handles_people,
    "editor": lambda user: user.is_superuser or (user.is_staff and user.has_perm("content.change_document")),
    "manager": lambda user: user.is_superuser or is_manager(user),
    "learner": lambda user: True,
}
GUIDE_FILE = re.compile(r"(\w+)\.[\w-]+\.md(#.*)?")
PICTURE, TABLE = re.compile(r"^!\[.*\n", re.MULTILINE), re.compile(r"<table>.*?</table>", re.DOTALL)


class HelpGuide(NamedTuple):
    title: str
    intro: str  # HTML before the first task
    tasks: list[dict]  # headings of level 2, each with "id" and "name", which is escaped
    body: str  # HTML


@cache
def guide(role: str, language: str) -> HelpGuide:
    """Return the guide of a role (key of GUIDES) in a language of the site, rendered once per process."""
    return render_guide((settings.BASE_DIR / "docs" / "help" / f"{role}.{language}.md").read_text(encoding="utf-8"))


def render_guide(text: str) -> HelpGuide:
    """Render trusted Markdown that starts with a line "# Title". Pictures are omitted, because they are not served."""
    markdown = Markdown(
        tab_length=3,  # the indentation of content below "1. "
        extensions=["fenced_code", "sane_lists", "tables", "toc"],
        extension_configs={
            "tables": {"use_align_attribute": True},  # else it writes style=, which the Content-Security-Policy forbids
            "toc": {"marker": "", "toc_depth": "2-2", "slugify": anchor},
        },
    )
    markdown.treeprocessors.register(ChineseLines(markdown), "chinese_lines", 16)
    markdown.treeprocessors.register(GuideLinks(markdown), "guide_links", 15)
    heading, _, rest = text.partition("\n")
    title, number = heading.removeprefix("# ").strip(), count(1)
    html = markdown.convert(PICTURE.sub("", rest))
    html = TABLE.sub(lambda found: scrolling_tables(found[0], f"{title} ({next(number)})"), html)
    intro, start, body = html.partition("<h2 ")
    return HelpGuide(title, intro, markdown.toc_tokens, start + body)  # type: ignore[attr-defined]  # set by toc


def anchor(heading: str, separator: str) -> str:
    """Return the id that GitHub gives a heading. `separator`: replaces each space."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", separator)


class GuideLinks(Treeprocessor):
    """Links to other guides lead to their pages. Links to files that the site does not serve become plain text."""

    def run(self, root: Element) -> None:
        for link in [*root.iter("a")]:
            target = link.get("href", "")
            if file := GUIDE_FILE.fullmatch(target):
                target = reverse("help-guide", args=[file[1]]) + (file[2] or "") if file[1] in GUIDES else ""
            is_served = target.startswith(("#", "/", "https://", "mailto:"))
            link.tag, link.attrib = ("a", {"href": target}) if is_served else ("span", {})


def roles_of(user):
    """Return the roles (keys of GUIDES) whose guides are for `user`, the main role first; "learner" for a visitor."""
    return [role for role, concerns in GUIDES.items() if concerns(user)] if user.is_authenticated else ["learner"]


@require_safe
def help_home(request):
    return redirect("help-guide", roles_of(request.user)[0])


@require_safe
def help_guide(request, role):
    if role not in GUIDES:
        raise Http404
    if role != "learner" and not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    guides = {each: guide(each, request.LANGUAGE_CODE) for each in roles_of(request.user)}
    context = {"role": role, "guide": guide(role, request.LANGUAGE_CODE), "guides": guides}
    return render(request, "project/help.html", context)
