"""A page as lines of text: what it says and offers, in document order, whatever classes and boxes it is built of.

Hints and errors are told with the field they belong to, whether they are tied to it (`aria-describedby`) or only stand
beside it; how they are tied is a line of its own, which `compare --ignore ties` leaves out.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from bs4 import BeautifulSoup, CData, NavigableString, Tag

INLINE = frozenset(
    (
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "br",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "i",
        "img",
        "ins",
        "kbd",
        "label",
        "mark",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "time",
        "u",
        "var",
        "wbr",
    )
)
MARKED = frozenset(
    ("abbr", "b", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "strong", "sub", "sup", "time", "u")
)
LANDMARKS = frozenset(
    (
        "header",
        "nav",
        "main",
        "footer",
        "aside",
        "search",
        "form",
        "dialog",
        "details",
        "fieldset",
        "table",
        "ol",
        "template",
        "noscript",
    )
)
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
TEXTS = {name: name for name in (*HEADINGS, "dt", "dd", "th", "td", "caption", "summary", "figcaption", "legend")}
TEXTS |= {"li": "item", "blockquote": "quote", "pre": "pre"}
CONTROLS = ("input", "select", "textarea")
BOUNDS = ("form", "main", "body", "td", "th", "article", "[document]")  # what belongs to a field is not beyond them
# Told elsewhere: as the field's label, hint and error, or by the line "ties".
TIES = ("aria-describedby", "aria-labelledby", "aria-errormessage", "aria-invalid", "aria-required", "aria-controls")
SAID = ("href", "action", "method", "name", "value", "type", "alt", "src", "for", "label")
NOISE = (*TIES, *SAID, "class", "id", "style", "rows", "cols", "size", "width", "height", "crossorigin", "integrity")
ERRORS = ".invalid-feedback, .errorlist, .error, .field-error, [id^='error_'], [id$='_error'], [id$='-error']"
ERROR_CLASSES = frozenset(("invalid-feedback", "errorlist", "error", "field-error"))
HINTS = ".form-text, .helptext, .help, .hint, [id$='_helptext'], [id$='_hint'], [id$='-hint']"

MASKS = [
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"(/reset/key/\w+?-)[\w-]+"), r"\1<key>"),
    (re.compile(r"\.[0-9a-f]{12}(?=\.(?:css|js|svg|png|woff2?|mjs)\b)"), ""),
    (re.compile(r"nonce-[\w+/=-]+"), "nonce-<nonce>"),
]


def mask(text: str) -> str:
    """What differs from one time to the next, made the same."""
    for pattern, instead in MASKS:
        text = pattern.sub(instead, text)
    return text


def fold(text: str) -> str:
    return " ".join(text.split())


def outline(soup: BeautifulSoup) -> list[str]:
    return Outline(soup).lines


def names_inside(controls: list[Tag]) -> dict[int, set[str]]:
    """Element (by its id()) → the names of the controls in it."""
    found: dict[int, set[str]] = defaultdict(set)
    for control in controls:
        for around in control.parents:
            found[id(around)].add(control.get("name"))
    return found


def is_inside(element: Tag, box: Tag) -> bool:
    return any(around is box for around in element.parents)


class Outline:
    def __init__(self, soup: BeautifulSoup):
        self.soup = soup
        self.lines: list[str] = []
        self.text: list[str] = []
        self.targets = {link["href"][1:] for link in soup.find_all("a", href=re.compile("^#."))}
        self.by_id = {each["id"]: each for each in reversed(soup.find_all(id=True))}
        self.taken: set[int] = set()  # labels, hints and errors that are told with their field
        controls = [each for each in soup.find_all(CONTROLS) if each.get("type") != "hidden"]
        self.names = names_inside(controls)
        self.of_name = Counter((id(each.find_parent("form")), each.get("name")) for each in controls)
        self.labels_for = defaultdict(list)
        for label in soup.find_all("label", attrs={"for": True}):
            self.labels_for[label["for"]].append(label)
        self.errors, self.hints = soup.select(ERRORS), soup.select(HINTS)
        self.fields = {id(control): self.belongings(control) for control in controls}
        self.children(soup, "text")
        self.flush("text")

    # What belongs to a field ---------------------------------------------------------------------------------------

    def belongings(self, control: Tag) -> dict[str, list[str]]:
        box = self.box(control)
        is_choice = self.of_name[id(control.find_parent("form")), control.get("name")] > 1
        tied = self.named(control.get("aria-describedby", ""))
        if is_choice and box.name == "fieldset":
            tied += self.named(box.get("aria-describedby", ""))
        beside = [each for each in [*self.errors, *self.hints] if is_inside(each, box)]
        errors = [each for each in [*tied, *beside] if self.is_error(each)]
        hints = [each for each in [*tied, *beside] if not self.is_error(each)]
        labels = self.named(control.get("aria-labelledby", "")) or self.labels(control)
        ends = {id(each) for each in [*errors, *hints]}
        label = [self.label_text(each, ends) for each in labels] or [control.get("aria-label", "")]
        told = {"label": label, "hint": self.take(hints), "error": self.take(errors)}
        self.take(each for each in labels if each.name == "label")
        return told

    def is_error(self, element: Tag) -> bool:
        is_named_so = re.search(r"^error_|[_-]error$", element.get("id", ""))
        return bool(ERROR_CLASSES & set(element.get("class", [])) or is_named_so) or element.get("role") == "alert"

    def box(self, control: Tag) -> Tag:
        """The largest element around the control that holds no control of another name."""
        found = control
        for around in control.parents:
            if around.name in BOUNDS or len(self.names[id(around)]) > 1:
                break
            found = around
        return found

    def named(self, ids: str) -> list[Tag]:
        return [self.by_id[each] for each in ids.split() if each in self.by_id]

    def labels(self, control: Tag) -> list[Tag]:
        tied = self.labels_for.get(control.get("id"), [])
        around = control.find_parent("label")
        return tied or ([around] if around else [])

    def label_text(self, label: Tag, without: set[int]) -> str:
        def parts(element: Tag) -> Iterable[str]:
            for child in element.children:
                if isinstance(child, NavigableString):
                    yield str(child) if type(child) in (NavigableString, CData) else ""
                elif child.name == "img":
                    yield f"![{child.get('alt')}]({child.get('src')})"
                elif child.name not in (*CONTROLS, "svg") and id(child) not in without:
                    yield "" if child.name in INLINE else " "
                    yield from parts(child)

        return fold("".join(parts(label)))

    def take(self, elements: Iterable[Tag]) -> list[str]:
        """The texts of these, which are not told again where they stand."""
        texts = []
        for each in elements:
            inside = any(id(around) in self.taken for around in each.parents)
            if id(each) not in self.taken and not inside:
                texts.append(fold(each.get_text(" ")))
            self.taken.add(id(each))
        return texts

    # Line by line --------------------------------------------------------------------------------------------------

    def say(self, line: str) -> None:
        self.lines.append(mask(line))

    def flush(self, prefix: str) -> None:
        text = fold("".join(self.text))
        self.text = []
        if text:
            self.say(f"{prefix}: {text}")

    def children(self, element: Tag, prefix: str) -> None:
        for child in element.children:
            if isinstance(child, Tag):
                self.element(child, prefix)
            elif type(child) in (NavigableString, CData):
                self.text.append(str(child))

    def element(self, tag: Tag, prefix: str) -> None:
        if id(tag) in self.taken:
            self.controls_inside(tag, prefix)
        elif special := getattr(self, f"on_{tag.name}", None):
            special(tag, prefix)
        elif tag.name in INLINE and not tag.find(lambda each: each.name not in INLINE):
            self.inline(tag, prefix)
        else:
            self.block(tag, prefix)

    def controls_inside(self, tag: Tag, prefix: str) -> None:
        for each in tag.find_all((*CONTROLS, "button", "a")):
            self.element(each, prefix)

    def inline(self, tag: Tag, prefix: str) -> None:
        attributes = self.attributes(tag)
        is_marked = tag.name in MARKED or attributes
        name = tag.name if tag.name in MARKED else "span"
        self.text.append(f"<{name}{attributes}>" if is_marked else "")
        self.children(tag, prefix)
        self.text.append(f"</{name}>" if is_marked else "")

    def block(self, tag: Tag, prefix: str) -> None:
        self.flush(prefix)
        name, attributes = self.name_of(tag), self.attributes(tag)
        is_told = tag.name in LANDMARKS or attributes or name
        shown = tag.name if tag.name in (*LANDMARKS, *TEXTS, "section", "article", "ul", "html", "body") else "block"
        if is_told:
            self.say(f"<{shown}{name}{attributes}>")
        inner = TEXTS.get(tag.name, prefix)
        self.children(tag, inner)
        self.flush(inner)
        if is_told and tag.name not in TEXTS:
            self.say(f"</{shown}>")

    def name_of(self, tag: Tag) -> str:
        texts = [fold(each.get_text(" ")) for each in self.named(tag.get("aria-labelledby", ""))]
        return f' "{" ".join(texts)}"' if texts else ""

    def attributes(self, tag: Tag) -> str:
        """Every attribute that tells or does something, by name; an id where it is one to go to."""
        found = {name: value for name, value in tag.attrs.items() if name not in NOISE}
        if tag.get("id") and (
            tag["id"] in self.targets or tag.name in ("h1", "h2", "h3", "section", "article", "main")
        ):
            found["id"] = tag["id"]
        if tag.name in CONTROLS:
            found.pop("id", None)
        return "".join(f" {name}={self.attribute(value)}" for name, value in sorted(found.items()))

    @staticmethod
    def attribute(value: str | list[str]) -> str:
        text = fold(" ".join(value) if isinstance(value, list) else value)
        return f'"{text}"' if " " in text else text

    # Elements with a line of their own -----------------------------------------------------------------------------

    def on_html(self, tag: Tag, prefix: str) -> None:
        self.say(f"html{self.attributes(tag)}")
        self.children(tag, prefix)

    def on_head(self, tag: Tag, prefix: str) -> None:
        self.children(tag, prefix)
        self.text = []

    def on_title(self, tag: Tag, prefix: str) -> None:
        self.say(f"title: {fold(tag.get_text())}")

    def on_meta(self, tag: Tag, prefix: str) -> None:
        self.say("meta" + "".join(f" {name}={self.attribute(value)}" for name, value in sorted(tag.attrs.items())))

    def on_link(self, tag: Tag, prefix: str) -> None:
        kind = "style" if "stylesheet" in tag.get("rel", []) or tag.get("as") == "style" else "link"
        self.say(f"{kind}: {tag.get('href')}{self.attributes(tag)}")

    def on_style(self, tag: Tag, prefix: str) -> None:
        self.say(f"style: {fold(tag.get_text())}")

    def on_script(self, tag: Tag, prefix: str) -> None:
        if tag.get("type") in ("application/json", "application/ld+json"):
            self.say(f"data {tag.get('id')}: {fold(tag.get_text())}")
        else:
            self.say(f"script: {tag.get('src', fold(tag.get_text()))} type={tag.get('type')}{self.attributes(tag)}")

    def on_br(self, tag: Tag, prefix: str) -> None:
        self.text.append(" ")

    def on_a(self, tag: Tag, prefix: str) -> None:
        end = f"({tag.get('href')}){self.attributes(tag)}"
        if tag.find(lambda each: each.name not in INLINE):
            self.flush(prefix)
            self.say(f"link {end}{self.name_of(tag)}")
            self.children(tag, prefix)
            self.flush(prefix)
            self.say("</link>")
        else:
            self.text.append("[")
            self.children(tag, prefix)
            self.text.append(f"]{end}{self.name_of(tag)}")

    def on_img(self, tag: Tag, prefix: str) -> None:
        self.text.append(f"![{tag.get('alt')}]({tag.get('src')}){self.attributes(tag)}")

    def on_svg(self, tag: Tag, prefix: str) -> None:
        """Its words, and a digest of what is drawn."""
        drawn = [
            (each.name, *sorted((k, v) for k, v in each.attrs.items() if k != "class")) for each in tag.find_all(True)
        ]
        digest = hashlib.sha256(repr(drawn).encode()).hexdigest()[:12]
        self.flush(prefix)
        self.say(f"<svg{self.name_of(tag)}{self.attributes(tag)} drawing={digest}>")
        if words := fold(tag.get_text(" ")):
            self.say(f"svg: {words}")
        for link in tag.find_all("a"):
            self.say(f"svg link: [{fold(link.get_text(' '))}]({link.get('href')})")

    def on_form(self, tag: Tag, prefix: str) -> None:
        self.flush(prefix)
        method, action = tag.get("method", "get").lower(), tag.get("action", "(here)")
        self.say(f"<form {method} {action}{self.name_of(tag)}{self.attributes(tag)}>")
        self.children(tag, "text")
        self.flush("text")
        self.say("</form>")

    def on_button(self, tag: Tag, prefix: str) -> None:
        self.flush(prefix)
        named = "".join(f" {name}={self.attribute(tag[name])}" for name in ("name", "value") if name in tag.attrs)
        text = self.label_text(tag, set())
        self.say(f'button {tag.get("type", "submit")}{named} "{text}"{self.name_of(tag)}{self.attributes(tag)}')

    def on_input(self, tag: Tag, prefix: str) -> None:
        kind, value = tag.get("type", "text"), tag.get("value")
        if tag.get("name") == "csrfmiddlewaretoken":
            value = "<csrf>"
        self.flush(prefix)
        shown = "" if value is None else f' = "{value}"'
        self.say(f"field {kind} {tag.get('name')}{shown}{self.attributes(tag)}")
        self.belonging(tag)

    def on_textarea(self, tag: Tag, prefix: str) -> None:
        self.flush(prefix)
        self.say(f"field textarea {tag.get('name')} = {tag.get_text()!r}{self.attributes(tag)}")
        self.belonging(tag)

    def on_select(self, tag: Tag, prefix: str) -> None:
        self.flush(prefix)
        self.say(f"field select {tag.get('name')}{self.attributes(tag)}")
        self.belonging(tag)
        for option in tag.find_all(("optgroup", "option")):
            said = option.get("label") or fold(option.get_text())
            self.say(f'  {option.name} {option.get("value")} "{said}"{self.attributes(option)}')

    def belonging(self, control: Tag) -> None:
        for what, texts in self.fields.get(id(control), {}).items():
            for text in filter(None, texts):
                self.say(f"  {what}: {text}")
        ties = {name: control[name] for name in TIES if name in control.attrs}
        ties |= {
            name: " | ".join(fold(each.get_text(" ")) for each in self.named(value))
            for name, value in ties.items()
            if " " in value or value in self.by_id
        }
        if ties:
            self.say("  ties:" + "".join(f' {name}="{value}"' for name, value in sorted(ties.items())))
