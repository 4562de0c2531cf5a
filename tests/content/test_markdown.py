"""Markdown to HTML: only allowed elements pass, and Chinese lines are joined."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.content.rendering.markdown import Pointers, Renderer, are_joined

# Written out here: a list taken from the code would accept whatever the code lets through.
ALLOWED = {
    "p": set(), "br": set(), "hr": set(), "em": set(), "strong": set(), "code": set(), "pre": set(), "sup": set(),
    "blockquote": set(), "ul": set(), "ol": {"start"}, "li": set(), "a": {"href", "role"},
    "div": {"class", "role", "tabindex", "aria-label"}, "table": set(), "thead": set(), "tbody": set(), "tr": set(),
    "th": {"align", "scope"}, "td": {"align"},
}  # fmt: skip
# Attributes with fixed values → the allowed values.
VALUES = {"class": {"scroll"}, "role": {"doc-noteref", "region"}, "tabindex": {"0"}, "scope": {"col"}}
TARGETS = ("#", "https://", "http://", "mailto:", "tel:")

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<b onclick='alert(1)' style='color:red'>bold</b>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<a href='javascript:alert(1)'>link</a>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<details open ontoggle=alert(1)>",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "[link](javascript:alert(1))",
    "[link](JaVaScRiPt:alert(1))",
    "[link](  javascript:alert(1))",
    "[link](java\tscript:alert(1))",
    "[link](&#106;avascript:alert(1))",
    "[link](javascript&colon;alert(1))",
    "[link](data:text/html;base64,PHNjcmlwdD4=)",
    "[link](vbscript:msgbox)",
    "[link](//example.com/x)",
    "[link](/admin/logout/)",
    "[link](file:///etc/passwd)",
    '[link](https://example.org/"onmouseover="alert(1))',
    "[link](https://example.org 'x\" onclick=\"alert(1)')",
    "[link][ref]\n\n[ref]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "![alt](javascript:alert(1))",
    '![alt"onerror="alert(1)](https://example.org/x.png)',
    "![alt][ref]\n\n[ref]: https://example.org/x.png",
    "text {: onclick=alert(1) }",
    "text {: style='position:fixed' }",
    "# heading {#x onclick=alert(1)}",
    "```html onload=alert(1)\n<script>alert(1)</script>\n```",
    "``` {.x onclick=alert(1)}\n<b>\n```",
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "| a | b |\n|---|:-:|\n| <script>alert(1)</script> | [x](javascript:alert(1)) |",
    "> <script>alert(1)</script>",
    "- <img src=x onerror=alert(1)>",
    '[^"><script>alert(1)</script>]',
    "\u0002wzxhzdk:0\u0003 <b>x</b>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<a@example.org>",
    "*<b>*</b>",
]


class Elements(HTMLParser):
    """Collect (tag, attributes) of everything a browser would parse as an element."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def assert_harmless(html):
    for tag, attributes in Elements(html).found:
        assert tag in ALLOWED
        assert set(attributes) <= ALLOWED[tag]
        for name, value in attributes.items():
            assert value in VALUES.get(name, {value})
        assert attributes.get("href", "#").lower().startswith(TARGETS)


@pytest.mark.parametrize(
    "html",
    [
        "<script>", "<b>", "<p class=x>", '<a onclick="x">', '<a href="javascript:alert(1)">', '<a href="/admin/">',
        '<a role="button">', '<div class="toast">', '<div style="x">', "<td scope=col>",
    ],
)  # fmt: skip
def test_assertion_detects_forbidden_html(html):
    with pytest.raises(AssertionError):
        assert_harmless(html)


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("frame", ["{}", "before {} after", "**{}**", "[text {}](https://example.org)"])
def test_payloads_produce_no_forbidden_html(payload, frame):
    assert_harmless(Renderer().html(frame.format(payload), name='"><script>'))


@given(st.text(alphabet="<>\"'&[](){}!*_`#-|:\\/=^ \n\tajavscript中，"))
def test_random_text_produces_no_forbidden_html(text):
    assert_harmless(Renderer().html(text))


def html(text, **pointers):
    return Renderer(Pointers(**pointers)).html(text).strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("先看人，\n再看屏幕", "先看人，再看屏幕"),
        ("**先看人**\n再看屏幕", "<strong>先看人</strong>再看屏幕"),
        ("先看人\n**再看屏幕**", "先看人<strong>再看屏幕</strong>"),
        ("**先看\n人**再看", "<strong>先看人</strong>再看"),
        ("他说\n“不行”", "他说“不行”"),
        ("“不行”\n他说", "“不行”他说"),
        ("第一行  \n第二行", "第一行<br>\n第二行"),
        ("拨打\n110", "拨打\n110"),
        ("打开 Wi-Fi\n再说", "打开 Wi-Fi\n再说"),
        ("one line\nand another", "one line\nand another"),
        ("he said\n“no”", "he said\n“no”"),
        ("안녕\n하세요", "안녕\n하세요"),
        ("`代码\n代码`", "<code>代码\n代码</code>"),
        ("说`代码`\n再说", "说<code>代码</code>\n再说"),
    ],
)
def test_line_breaks_between_chinese_characters_are_removed(text, expected):
    assert html(text) == f"<p>{expected}</p>"


def test_paragraphs_cells_and_code_lines_are_not_joined():
    assert html("你好\n\n世界") == "<p>你好</p>\n<p>世界</p>"
    assert html("```\n你好\n世界\n```") == "<pre><code>你好\n世界\n</code></pre>"
    assert "<td>你好</td>\n<td>世界</td>" in html("| 甲 | 乙 |\n|---|---|\n| 你好 | 世界 |")


@pytest.mark.parametrize(("left", "right"), [("中", "文"), ("，", "文"), ("中", "“"), ("…", "文"), ("か", "な")])
def test_chinese_characters_are_joined(left, right):
    assert are_joined(left, right)


@pytest.mark.parametrize(("left", "right"), [("a", "文"), ("1", "文"), ("“", "”"), ("—", "a"), ("한", "글")])
def test_other_characters_are_not_joined(left, right):
    assert not are_joined(left, right)


def test_source_marks_become_numbered_links():
    numbers = {"A": 1, "B": 2}
    sup = '<sup><a href="#source-1" role="doc-noteref">1</a>, <a href="#source-2" role="doc-noteref">2</a></sup>'
    assert html("True. [^A][^B] So.[^X]", mark=numbers.get) == f"<p>True.{sup} So.</p>"


def test_source_mark_in_code_stays():
    assert html("`[^A]`", mark={"A": 1}.get) == "<p><code>[^A]</code></p>"


def test_internal_links_resolve_and_dead_links_become_text():
    addresses = {"card": "/learn/x/emergency-card/"}
    rendered = html("[card](#card) and [gone](#gone)", link=addresses.get)
    assert rendered == '<p><a href="/learn/x/emergency-card/">card</a> and <a>gone</a></p>'


@pytest.mark.parametrize("address", ["https://example.org/a?b=1&amp;c", "mailto:a@example.org", "tel:110"])
def test_external_links_stay(address):
    assert f'href="{address}"' in html(f"[x]({address.replace('&amp;', '&')})")


def test_table_is_in_named_region_without_style():
    rendered = Renderer().html("| a | b |\n|:--|--:|\n| 1 | 2 |", name='Three "kinds"')
    assert rendered.startswith('<div class="scroll" role="region" tabindex="0" aria-label="Three &quot;kinds&quot;">')
    assert '<th scope="col" align="left">a</th>' in rendered
    assert '<td align="right">2</td>' in rendered
    assert "style" not in rendered


def test_raw_html_and_headings_are_escaped():
    assert html("a <b>c</b>") == "<p>a &lt;b&gt;c&lt;/b&gt;</p>"
    assert html("# a") == "<p># a</p>"


def test_inline_omits_paragraph_element():
    renderer = Renderer()
    assert renderer.inline("one **two**") == "one <strong>two</strong>"
    assert renderer.inline("one\n\ntwo") == "<p>one</p>\n<p>two</p>"
    assert renderer.plain("one **two** < `3`[^A]") == "one two < 3"


def test_nested_lists_and_speech():
    assert html("- a\n    - b") == "<ul>\n<li>a<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>"
    speech = html("> **来电者**：喂？\n> **你**：您好。")
    assert re.fullmatch(r"<blockquote>\n<p>.*</p>\n</blockquote>", speech, re.DOTALL)
