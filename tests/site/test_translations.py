"""Every string of templates and code is in the Chinese catalogue, translated and compiled."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polib
import pytest
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "courseware" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
COLLECT = "run `make messages`"

HAN = re.compile(r"[\u4e00-\u9fff]")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}")
LITERAL = r"""u('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
# What `templatize` writes, and what a template's own _("…") becomes there.
TEMPLATE_CALL = re.compile(rf"\b(gettext|pgettext|ngettext|npgettext)\({LITERAL}(?:, {LITERAL})?(?:, {LITERAL})?")
TEMPLATE_CONSTANT = re.compile(r"""\b_\(('[^']*'|"[^"]*")\)""")
CALLS = {"_": "", "gettext": "", "pgettext": "p", "ngettext": "n", "npgettext": "np"}


# Words that the standard terms have replaced, and what keeps its meaning beside them.
RETIRED = re.compile(
    r"\bletters?\b|\bwhoever\b|\btak(?:e|en|es|ing) back\b|\btouch(?:es|ed)?\b|^This is no\b|^Empty:|\bhalf a minute\b|"
    r"\bdoors?\b|\btray\b|\bstandings?\b|\brehears\w+|\bwaive[ds]?\b|\bexcused?\b|\bdrills?\b|\bseals?\b|\bsubstitutes?\b|"
    r"\bdigests?\b|\bsheets?\b|\bdeadlines?\b|\bdue days?\b|\bhouse style\b|\bsecond (?:step|factor)\b|"
    r"\bteam leaders?\b|\bthe firm\b|\bkept phrases?\b|\bwalkthrough\b|\bwho is here\b",
    re.IGNORECASE | re.MULTILINE,
)
NOT_RETIRED = re.compile(r"\bletters and digits\b", re.IGNORECASE)  # characters
RETIRED_CHINESE = re.compile("信件|寄信|一封信|点头|动到|看一眼|拿掉|豁免|替班|半分钟|号牌|封条|截止日(?!期)")


class String(NamedTuple):
    context: str | None
    text: str
    plural: str | None


def string_of(function: str, literals: list[str]) -> String:
    signs = CALLS[function]
    context = literals.pop(0) if "p" in signs else None
    return String(context, literals[0], literals[1] if "n" in signs else None)


def strings_of_template(source: str) -> Iterator[String]:
    python = templatize(source)
    for call in TEMPLATE_CALL.finditer(python):
        yield string_of(call[1], [ast.literal_eval(literal) for literal in call.groups()[1:] if literal])
    for constant in TEMPLATE_CONSTANT.finditer(python):
        yield String(None, ast.literal_eval(constant[1]), None)


def strings_of_code(source: str) -> Iterator[String]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        function = name.removesuffix("_lazy").removesuffix("_noop")
        if function in CALLS and node.args:
            literals = [
                part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]
            assert literals, f"line {node.lineno}: {name}() needs its text written out, to be collected"
            yield string_of(function, literals)


def collected() -> dict[String, str]:
    """Every string → the file that holds it (the last one)."""
    found = {}
    for file in sorted((ROOT / "templates").rglob("*.*")):
        found |= dict.fromkeys(strings_of_template(file.read_text(encoding="utf-8")), str(file.relative_to(ROOT)))
    for file in sorted((ROOT / "courseware").rglob("*.py")):
        if "migrations" not in file.parts:
            found |= dict.fromkeys(strings_of_code(file.read_text(encoding="utf-8")), str(file.relative_to(ROOT)))
    return found


@pytest.fixture(scope="module")
def wanted():
    return collected()


@pytest.fixture(scope="module")
def catalogue():
    assert CATALOGUE.exists(), COLLECT
    return polib.pofile(str(CATALOGUE))


def texts_of(entry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def by_string(catalogue):
    return {(entry.msgctxt, entry.msgid): entry for entry in catalogue}


def test_every_string_is_translated(wanted, catalogue):
    there = by_string(catalogue)
    lacking = [
        f"{file}: {string.text!r}"
        for string, file in wanted.items()
        if (string.context, string.text) not in there or not there[string.context, string.text].translated()
    ]
    assert lacking == [], f"{COLLECT}, then translate these in {CATALOGUE.relative_to(ROOT)}"


def test_catalogue_holds_no_unused_string(wanted, catalogue):
    used = {(string.context, string.text) for string in wanted}
    assert [entry.msgid for entry in catalogue if (entry.msgctxt, entry.msgid) not in used] == [], COLLECT
    assert catalogue.obsolete_entries() == []


def test_translation_is_chinese_and_keeps_placeholders(catalogue):
    wrong = []
    for entry in catalogue:
        filled_in = set(PLACEHOLDER.findall(entry.msgid)) | set(PLACEHOLDER.findall(entry.msgid_plural or ""))
        for text in filter(None, texts_of(entry)):
            if set(PLACEHOLDER.findall(text)) != filled_in:
                wrong.append(f"{entry.msgid!r}: expected {sorted(filled_in)}, {text!r} has others")
            if len(re.findall(r"[A-Za-z]{2,}", PLACEHOLDER.sub("", entry.msgid))) > 1 and not HAN.search(text):
                wrong.append(f"{entry.msgid!r}: {text!r} is not Chinese")
    assert wrong == []


def test_catalogue_has_no_retired_words(catalogue):
    wrong = []
    for entry in catalogue:
        english = NOT_RETIRED.sub("", "\n".join([entry.msgid, entry.msgid_plural or ""]))
        found = RETIRED.findall(english) + RETIRED_CHINESE.findall("\n".join(texts_of(entry)))
        wrong += [f"{entry.msgid!r}: {word}" for word in found]
    assert wrong == [], "write the standard term"


@pytest.mark.parametrize("text", ["Letters to come", "Take back", "3 people touched", "Empty: everybody", "waived"])
def test_retired_english_words_are_found(text):
    assert RETIRED.search(NOT_RETIRED.sub("", text))


@pytest.mark.parametrize("text", ["8 letters and digits", "due date", "the firmware", "a half-width brace"])
def test_standard_english_words_are_not_found(text):
    assert not RETIRED.search(NOT_RETIRED.sub("", text))


def test_compiled_catalogue_is_current(catalogue):
    # The compiled file is in the repository, so that an installation needs no gettext.
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    translated = {(entry.msgctxt, entry.msgid): texts_of(entry) for entry in catalogue.translated_entries()}
    assert {(entry.msgctxt, entry.msgid): texts_of(entry) for entry in compiled} == translated, COLLECT


def test_strings_are_found_in_templates_and_code():
    template = """{% translate "a" %}{% translate 'b' context "c" %}{% blocktranslate count n=n %}{{ n }} d
{% plural %}{{ n }} ds{% endblocktranslate %}{{ day|date:_("l, F j") }}{% blocktranslate trimmed %}
 e it's {{ f }}
{% endblocktranslate %}"""
    assert set(strings_of_template(template)) == {
        String(None, "a", None),
        String("c", "b", None),
        String(None, "%(n)s d\n", "%(n)s ds"),
        String(None, "l, F j", None),
        String(None, "e it's %(f)s", None),
    }
    code = "x = _('a'), pgettext_lazy('c', 'b'), ngettext('d', 'ds', n), other('e')"
    assert list(strings_of_code(code)) == [String(None, "a", None), String("c", "b", None), String(None, "d", "ds")]
