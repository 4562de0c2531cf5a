"""Blocks of an email that a company may reword: template tag `{% part "closing" %}…{% endpart %}`.
The content is the default. Keep facts (person, courses, due dates, links) outside, so that no wording can omit them.
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
PARTS: dict[str, str | Promise] = {  # in the order of an email
    SUBJECT: _("Subject"),
    "opening": _("Text below the greeting"),
    "advice": _("Instructions"),
    "closing": _("Text at the end, above the signature"),
}
IN_CONTEXT = "email_parts"


@dataclass
class WordingBlocks:
    """`own`: block → own wording. `shipped`: block → default wording, filled while the email is rendered."""

    own: Mapping[str, str] = field(default_factory=dict)
    shipped: dict[str, str] = field(default_factory=dict)


class BlockNode(Node):
    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name, self.nodelist = name, nodelist

    def render(self, context: Context) -> str:
        blocks: WordingBlocks = context.get(IN_CONTEXT) or WordingBlocks()
        blocks.shipped[self.name] = self.nodelist.render(context).strip()
        return blocks.own.get(self.name, blocks.shipped[self.name])


@register.tag("part")
def part(parser: Parser, token: Token) -> BlockNode:
    name = token.split_contents()[-1].strip('"')
    if name not in PARTS:
        raise TemplateSyntaxError(f"no editable block is called {name}")
    nodelist = parser.parse(("endpart",))
    parser.delete_first_token()
    return BlockNode(name, nodelist)


def parts_of(template: str) -> list[str]:
    """Return the names of the blocks of a template (path), in the order of an email."""
    found = get_template(template).template.nodelist.get_nodes_by_type(BlockNode)  # type: ignore[attr-defined]
    names = {node.name for node in found if isinstance(node, BlockNode)}
    return [name for name in PARTS if name in names]
