"""`{% part "closing" %}…{% endpart %}`: the company's own wording of a part of an email, else the content.

Facts stay outside of the parts (who asks, courses, due dates, links, unsubscribing), so that no wording can omit them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.template import Context, Library, NodeList
from django.template.base import Node, Parser, Token
from django.template.exceptions import TemplateSyntaxError
from django.template.loader import get_template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = Library()
SUBJECT = "subject"
PARTS: dict[str, str | Promise] = {  # in the order of a letter
    SUBJECT: _("Subject"),
    "opening": _("Below the greeting"),
    "advice": _("Instructions"),
    "closing": _("At the end, above the signature"),
}
IN_CONTEXT = "parts_of_the_letter"


@dataclass
class WordingBlocks:
    """`own`: part → wording. `shipped` is filled while the email is written."""

    own: Mapping[str, str] = field(default_factory=dict)
    shipped: dict[str, str] = field(default_factory=dict)


class BlockNode(Node):
    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name, self.nodelist = name, nodelist

    def render(self, context: Context) -> str:
        parts: WordingBlocks = context.get(IN_CONTEXT) or WordingBlocks()
        parts.shipped[self.name] = self.nodelist.render(context).strip()
        return parts.own.get(self.name, parts.shipped[self.name])


@register.tag("part")
def part(parser: Parser, token: Token) -> BlockNode:
    name = token.split_contents()[-1].strip('"')
    if name not in PARTS:
        raise TemplateSyntaxError(f"no part of a letter is called {name}")
    nodelist = parser.parse(("endpart",))
    parser.delete_first_token()
    return BlockNode(name, nodelist)


def parts_of(template: str) -> list[str]:
    found = get_template(template).template.nodelist.get_nodes_by_type(BlockNode)  # type: ignore[attr-defined]
    names = {node.name for node in found if isinstance(node, BlockNode)}
    return [name for name in PARTS if name in names]
