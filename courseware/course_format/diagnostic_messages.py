"""Diagnostic messages of the course checker: id of a finding → sentence with named fields (docs/formats.md §10)."""

import string
from collections.abc import Mapping
from typing import Any, Literal

Level = Literal["error", "warning"]
Field = str | int | float | tuple[str, ...] | tuple[int, ...]

# The end of a sentence about an unknown word.
NEAREST = '{nearest:?; did you mean "…"?}'
NEAREST_OR_ALL = NEAREST + "{known:?; there are …}"

# Errors stop an import; warnings do not.
ERRORS = {
    # Files
    "not-utf-8": "not UTF-8; save the file as UTF-8",
    "nul-byte": "a NUL byte; expected text",
    "too-many-lines": "more than {most} lines; expected a document that can be read, or two",
    "too-many-fences": "more than {most} fences of code",
    "line-too-long": "a line of {length} characters; expected at most {most}",
    "paragraph-too-long": "a paragraph of more than {most} characters; expected a blank line before",
    "too-many-brackets": "more than {most} brackets are open here; close them, or leave a blank line between",
    "too-many-marks": "more than {most} signs of emphasis, code, links and escapes in a paragraph; "
    "expected a blank line between",
    "nested-too-deep": "more than {most} quotes or lists inside each other",
    "indented-too-far": "indented by more than {most} columns",
    "unknown-document-kind": 'no kind of document is called "{kind}"; there are {known}',
    "unknown-file-name": "no document has a name like this; expected course.en.md, 01-name/module.en.md, "
    "01-name/01-name.en.md or 01-name/bank/name.bank.en.md",
    "folder-without-module": "its folder is no module; expected a file {expected}",
    "number-taken": "the number {number:02} is already used by {other}",
    "no-languages": '"languages" is missing in the course; expected {expected}',
    "wrong-languages": "languages: expected {expected}",
    "not-a-course-language": '"{language}" is not a language of this course; there are {known}',
    # Front matter
    "no-front-matter": 'the first line must be "---"; above the title there is front matter',
    "front-matter-not-closed": 'front matter is not closed; expected a line "---" below the keys',
    "front-matter-too-long": "front matter of {length} characters; expected at most {most}",
    "front-matter-not-yaml": "front matter cannot be read: {problem}",
    "front-matter-unreadable": "front matter cannot be read; expected lines like title: Text",
    "front-matter-without-keys": "front matter has no keys; expected lines like title: Text",
    "front-matter-not-plain": "front matter takes plain values only, no anchors, tags or deep nesting",
    "full-width-colon": 'full-width "：" is not a colon; expected "{key}: "',
    "key-not-a-word": "a key is a word; expected lines like title: Text",
    "key-twice": '"{key}" is given twice (first on line {first})',
    "key-missing": '"{key}" is missing{within:? in …}',
    "unknown-key": 'unknown key "{key}" in {kind:a}' + NEAREST,
    "unknown-inner-key": 'unknown key "{key}" in {within}' + NEAREST,
    "wrong-value": "{key}: expected {expected}, got {got}",
    "wrong-text": '{key}: expected {expected}, got "{got:.60}"',
    "value-missing": "{key}: expected {expected}, got nothing",
    "value-is-list": "{key}: expected {expected}, got a list",
    "value-is-keys": "{key}: expected {expected}, got keys with values",
    "optional-in-completion": 'completion: "{lesson}" is optional; expected lessons that are not',
    "key-of-source-language": '"{key}" is in the {language} file only; remove it here',
    # Headings, braces, entries
    "heading-without-space": 'a heading needs a space after "{marks}"',
    "heading-of-level-1": "heading of level 1: the title is in the front matter; start with ##",
    "heading-without-id": 'heading "{title:.40}" has no id; add {{#like-this}}',
    "entry-without-id": 'entry "{text:.30}" has no id; add {{#like-this}}',
    "entry-with-kind": 'an entry has no kind; take ".{kind}" out',
    "id-twice": 'id "{id}" is already used on line {first}',
    "id-of-document": 'id "{id}" is already used by the document {other}',
    "id-of-question": 'id "{id}" is already used by the question in {other}:{first}',
    "id-of-other-list": 'id "{id}" is already used in {other}',
    "unreadable-braces": 'cannot read "{word}" in braces',
    "full-width-in-braces": 'cannot read "{word}" in braces (full-width sign?)',
    "key-twice-in-braces": '"{key}" is given twice in braces',
    "two-ids": "two ids in braces ({found}); expected one",
    "two-kinds": "two kinds in braces ({found}); expected one",
    "braces-not-closed": '"{{" is not closed on this line',
    "text-after-braces": "text after the braces; expected braces at the end of the line",
    "full-width-braces": "full-width braces; expected {{#id}}",
    "braces-of-source-language": '"{word}" is in the {language} file only; expected {{#{id}}} here',
    "entry-key-of-source-language": '"{key}" is in the {language} file only',
    "unknown-brace-key": 'unknown key "{key}" at "{id}"' + NEAREST_OR_ALL,
    "no-brace-keys": 'unknown key "{key}" at "{id}"; expected the id only',
    "brace-key-with-value": '"{key}" has no value, got "{value}"',
    "brace-key-without-value": '"{key}" needs a value, as in {key}=…',
    "heading-with-kind": 'a heading here has no kind; take ".{kind}" out',
    "unknown-question-kind": 'no kind of question is called ".{kind}"' + NEAREST_OR_ALL,
    "unknown-situation-kind": 'no kind of situation is called ".{kind}"' + NEAREST_OR_ALL,
    "question-without-kind": 'heading "{title:.40}" has no kind; a {document} holds questions only: {known}',
    "kind-in-waiting": '"{id}" is in a section that awaits expert review, which can only contain text; move it',
    "waiting-required": 'completion: "{id}" waits for a professional, so nobody can be asked for it',
    "situation-without-kind": 'heading "{title:.40}" has no kind; a {document} holds situations only: {known}',
    # Text
    "code-not-closed": "fenced code is not closed; expected a closing fence",
    "exclamation-marks": '"!!!" opens nothing here; a callout is a quote that begins with [!warning]',
    "source-below-text": "a source is written in the list of sources, not below the text",
    "heading-in-quote": "a heading inside a quote",
    "raw-html": "raw HTML is not read: {html:.30}",
    "underlined-heading": "an underlined heading; write ## in front of it, or leave a blank line above a rule",
    "not-bold": '"{text:.30}" is not bold on git hosts; put the mark outside the **',
    "list-not-indented": "a list inside a list of the text is indented by 4 spaces",
    "list-without-blank-line": "a list needs a blank line before it",
    "text-beside-callout-kind": "put the type of a callout on its own line",
    "unknown-callout": 'no callout is called "[!{kind}]"' + NEAREST_OR_ALL + "{tracks:? and the tracks …}",
    "empty-callout": "callout [!{kind}] is empty",
    "unknown-screen": 'no screen is called "[!screen {kind}]"' + NEAREST_OR_ALL,
    "empty-screen": "the example screen [!screen {kind}] has no content below its keys",
    "message-of-nobody": 'a message of a chat begins with its writer, as in **Name**: text; got "{text:.30}"',
    "too-many-messages": "a chat of {count} messages; expected at most {most}",
    "plan-not-a-table": "a plan is a table, each cell a place, at most {columns} columns wide and {rows} rows high",
    "place-in-pieces": 'the cells of "{place}" are no rectangle; a place is one, and has a name of its own',
    "unknown-place": '{key}: the plan has no place "{place}"' + NEAREST_OR_ALL,
    "figure-in-paragraph": "figure {figure} is inside a paragraph; put it alone between blank lines",
    "figure-without-alternative": "figure {figure} has no alternative text",
    "unknown-figure": "figure {figure} is not in media/" + NEAREST,
    "figure-of-other-language": "figure {figure} is for {language}; expected one for {expected}",
    "borrowed-words": '"{words}" is also in {text}; use your own words',
    # References
    "unknown-reference": 'no {what} "{id}"' + NEAREST,
    "unknown-insert": 'the jurisdiction has nothing called "{id}"' + NEAREST,
    "insert-in-front-matter": '"{insert}" is not replaced in front matter; write its text there',
    "unknown-section": 'no heading "{id}" in "{lesson}"' + NEAREST,
    "waiting-section": 'heading "{id}" in "{lesson}" waits for a professional; expected one that everybody sees',
    "reference-to-empty-list": 'no {what} "{id}"; the course has none yet',
    "link-form": 'link to "{target:.60}": expected #id, https:, mailto: or tel:',
    "link-to-nothing": 'link to "{target}": no such section, document or question' + NEAREST,
    "unknown-source": 'no source "{source}"' + NEAREST,
    "no-list-of-sources": "a source is marked, and the course has no list of sources; expected them in {expected}",
    "checked-not-a-date": 'checked: expected a date, as in 2026-11-20, got "{got}"',
    "checked-in-future": "source {source} is checked in the future: {checked}",
    # Questions
    "no-choices": '"{title:.40}" has no choices; expected {expected}',
    "number-of-choices": "expected from 2 to {most} choices",
    "number-of-members": "expected from 2 to {most} groups and members",
    "list-in-choice": 'cannot place "{text:.30}" in the list: a choice has no list inside',
    "text-after-reason": 'cannot place "{text:.30}" in the list: a reason is a quote',
    "step-without-number": 'a step of an .order question begins with "1.", "2.", …',
    "bullets-and-numbers": "choices mix bullets and numbers",
    "no-tick-box": 'no tick box before "{choice:.30}"; expected "- [ ]" or "- [x]"',
    "group-not-bold": 'a group of a .sort question is bold: expected "- **group**", got "{got:.30}"',
    "empty-group": 'group "{group:.30}" is empty',
    "choice-without-text": "a choice has no text",
    "choice-without-reason": 'no reason under "{choice:.30}"; expected a quote below it, indented by two spaces',
    "choice-with-braces": 'a choice is known by its place and has no id: take the braces out of "{choice:.30}"',
    "choice-twice": '"{choice:.30}" is already on line {first}',
    "reason-below-group": "put a reason below each member, not below the group",
    "no-right-choice": ".one needs exactly one [x], found none",
    "right-choices": ".one needs exactly one [x], found {count} (lines {lines})",
    "nothing-ticked": ".{kind} needs at least one [x]",
    "no-quoted-text": ".mark needs a quoted text above its choices",
    "piece-not-once": '"{choice:.30}" occurs {count} times in the quoted text; it must occur once',
    "boxes-without-kind": '"{title:.40}" has tick boxes but no kind of question; expected {{#id .one}}',
    "second-check": "a lesson has one knowledge check, the first is on line {first}",
    "second-track-choice": "the track is asked for in {first} already (line {line})",
    "empty-check": "there is no question below the .check heading",
    "wording-apart": '"{id}" asks "{first}" in other words; expected both in the knowledge check or outside it, '
    "for the same job roles, and neither .open",
    "open-in-check": '"{id}" is .open and never graded; it cannot be in a knowledge check',
    "open-in-bank": '"{id}" is .open and never graded; it cannot be in a bank',
    "text-in-bank": "text before the first question; a bank holds questions only",
    "text-after-choices": "text after the list of a bank question",
    "bank-key-missing": '"{key}" is missing at "{id}"; a bank question needs it',
    "unknown-level": 'no level "{level}"; there are {known}',
    "too-few-answers": '"{title:.40}" needs a list of at least two answers',
    "scale-ends": "a .scale has two bullets, the words at its ends; found {count}",
    "scale-range": "a .scale needs from= and to=, at most 10 apart, as in from=1 to=5",
    "answer-not-plain": "answers of a survey are plain bullets, without ticks and reasons",
    # Exams
    "slots-beyond-draw": "{bank}: {slots} critical slots, but only {draw} are drawn",
    "too-few-families": "{bank} has {count} questions of too few families{track:? for …}, one attempt draws {draw}",
    "too-few-questions": "{bank} has {count} questions{track:? for …}, "
    "{attempts:attempt needs|attempts need} {expected}",
    "too-large-families": "{bank} has {count} questions to ask{track:? for …}, of a family one an attempt; "
    "{attempts:attempt needs|attempts need} {expected}",
    "too-few-critical": "slot {objective} of {bank} has {count} critical questions{track:? for …}, "
    "{attempts:attempt needs|attempts need} {expected}",
    "family-alone": 'family "{family}" of {bank} has one question; asked again it needs two',
    "question-of-optional": 'leads to "{lesson}", which is optional; expected lesson= with a required lesson',
    "unknown-topic": 'topics: no question has family="{topic}"',
    "too-few-drills": "{bank} has {count} questions on {objective}, the practice set asks {expected}",
    # Simulations
    "no-situation": "a simulation needs a situation; expected a heading like ## … {{#door .scene}}",
    "no-ending": "no ending; expected a heading like ## … {{#held .green}} at the end",
    "leads-nowhere": '"{node}" leads nowhere; expected a list of choices, - [text](#node "quality")',
    "unknown-node": 'no node "{node}"' + NEAREST,
    "ending-as-target": '"{ending}" is an ending; expected #end, where the endings are tried in turn',
    "wrong-seconds": 'seconds: expected a whole number from 0 to 600, got "{got}"',
    "timeout-branches": "node has {seconds} seconds and {count} timeout branches; expected one",
    "timeout-without-seconds": "timeout branch in a node without seconds",
    "passes-untaught": 'the player "{player}" has {share:.1f} % of attempts completed; expected at most {most:.0f} %',
    "conditions-of-source-language": "conditions are in the {language} file only; remove the braces here",
    "lines-of-speech-differ": "{here} paragraphs here, {there} in {language}, where some have a condition",
    "never-said": '"{text:.30}" is never shown: no attempt arrives here with "{condition}"',
    "if-without-else": '"{alone}" without "{other}"; a node that is skipped says where to go on',
    "only-timeout": "nothing can be chosen; expected a choice beside the timeout branch",
    "only-conditions": "every choice has a condition; one has to be offered always",
    "unknown-quality": '"{quality}" is no quality' + NEAREST_OR_ALL,
    "no-quality": "choice has no quality though others have",
    "no-best-choice": 'no "best" choice',
    "decision-without-reason": 'no reason under "{choice:.30}"',
    "choice-without-link-text": "a choice without a text; expected - [what you do or say](#node)",
    "text-beside-choice": 'only the link is a choice; the text beside it in "{text:.30}" is ignored',
    "choice-with-id": "a choice has no id and no kind; its braces hold effects",
    "effects-of-source-language": "the effects of a choice are in the {language} file only; remove the braces here",
    "wrong-effect": '{meter}: an effect is +n or -n, as in {meter}=+10, got "{got}"',
    "too-many-parts": "a message of {count} parts; expected at most {most}",
    "no-part-belongs": "no part belongs to the message; expected at least one [x]",
    "message-not-sent": "a message is built from parts and sent by one link without a quality",
    "neither-part-nor-link": "expected a part, - [x] or - [ ], or a link",
    "part-with-condition": "a part of a message has no condition",
    "unreadable-condition": 'cannot read the condition: expected "flag", "not flag" or "meter < 40", joined by "and"; '
    'got "{got}"',
    "flag-never-set": 'flag "{flag}" is asked for and never set' + NEAREST,
    "flag-is-meter": '"{flag}" is a meter and cannot be a flag',
    "unknown-meter": 'unknown meter "{meter}"' + NEAREST_OR_ALL,
    "certain-chance": "{name}: expected a fraction below 1, got {got}",
    "too-many-draws": "chance gives {count} different attempts; expected at most {most}",
    "ending-with-condition": "the last ending must hold without a condition",
    "endless": 'can go round for ever from "{node}"',
    "unreachable-node": 'node cannot be reached from "{start}"',
    "unreachable-ending": "an ending that no attempt reaches",
    "best-path-ends-badly": 'the best path ends {colour}, in "{ending}"{flags:? when chance sets …}',
    "average-run-too-long": "an attempt takes {minutes:.1f} minutes on average, expected at most {most}",
    "longest-run-too-long": "the longest attempt takes {minutes:.1f} minutes, expected at most twice {most}",
    # Translations
    "no-translation": "no {language} file; expected {expected}",
    "no-original": 'no {language} file of this kind has the id "{id}"',
    "name-differs": "its name differs from its partner's; expected {expected}",
    "labels-differ": "{key}: expected the ids of the {language} file, {expected}; got {got}",
    "id-missing": '"{id}" is missing ({language} line {line})',
    "id-only-here": '"{id}" is not in the {language} file',
    "order-differs": 'same ids in another order: expected "{id}" here ({language} line {line})',
    "levels-differ": 'heading "{title:.30}": {here} here, {there} in {language} line {line}',
    "lists-differ": "{here} list entries, {there} in {language} line {line}",
    "ticks-differ": "[{here}] here, [{there}] there ({language} line {line})",
    "numbers-here": "numbers here, bullets there ({language} line {line})",
    "bullets-here": "bullets here, numbers there ({language} line {line})",
    "callouts-differ": "callouts differ: {here:?[!…]|none} here, {there:?[!…]|none} in {language}{line:? (line …)}",
    "screens-differ": "screens differ: {here:?…|none} here, {there:?…|none} in {language}{line:? (line …)}",
    "figures-differ": "figures differ: {here:?…|none} here, {there:?…|none} in {language}{line:? (line …)}",
    "links-differ": "{here} links to #…, {there} in {language}",
    "targets-differ": "leads to {here}, to {there} there ({language} line {line})",
    "qualities-differ": '"{here}" here, "{there}" there ({language} line {line})',
    "source-missing": "sources differ: [^{source}] is missing ({language} line {line})",
    "source-only-here": "sources differ: [^{source}] is not in the {language} file",
    # Drawings
    "drawing-unreadable": "cannot be read as SVG: {problem}",
    "drawing-without-words": "no <{element}>; expected what the figure shows, in words",
    "drawing-with-doctype": "a figure has no document type",
    "drawing-without-viewbox": "expected an <svg> with a viewBox, so that it grows and shrinks with the page",
    "forbidden-element": "<{element}> has no place in a figure",
    "forbidden-attribute": '"{attribute}" has no place in a figure; expected attributes such as fill="…"',
    "drawing-asks-elsewhere": '"{target:.40}" is asked of somebody else; a figure is whole in itself',
    "picture-of-another-kind": "the content is not {kind}, although the name says so",
    "small-letters": "text of {size} units, expected at least {least}: it is read on a phone",
    # With --complete
    "point-not-covered": "outline point {point} is covered by no lesson, simulation or objective",
    "case-not-told": 'leads to "{lesson}", which does not tell {cases}{homes:?; expected lesson= and one of …}',
    "section-missing": 'names no heading that teaches it; expected section= with a heading of "{lesson}"',
    "objective-untested": "objective {objective} has {count} questions in the banks, expected at least 2",
    "objective-only-optional": "objective {objective} is taught by optional lessons only",
    "late-action": "{seconds:.0f} s of reading before the first action, expected at most {most}",
    "long-reading": "{seconds:.0f} s of reading without an action, expected at most {most}",
    "other-seconds": '{seconds} seconds to decide, the choices ask for {expected}; expected that, or why="…"',
    "guessed-untaught": 'the guesser "{guesser}" is right in {share:.1f} % of {count} questions ({name}); '
    "expected at most {most:.0f} %",
}

# A person has to decide whether these are mistakes.
WARNINGS = {
    "claim-without-source": '"{claim}" without a source in "{section}"; expected a mark as in [^F-01]',
    "source-without-date": 'source {source} has no day it was looked at; expected "checked=2026-11-20"',
    "source-not-used": "source {source} is not used",
    "checked-long-ago": "source {source} was checked more than 12 months ago, on {checked}",
    "key-by-place": "key at place {place} in {share:%} of the questions, expected about {chance:%}",
    "key-by-length": "the key is the longest choice in {share:%} of the questions",
    "choice-too-long": 'choice "{choice:.30}" is twice as long as its neighbours',
    "free-timeout": 'doing nothing costs nothing here; expected an effect, or a quality as in "timeout critical"',
    "blank-form-ends-green": 'left blank, the form still ends green, in "{ending}"; '
    "let its parts set a flag that a yellow or red ending asks for",
    "flag-never-asked": 'flag "{flag}" is set and never asked for',
    "meter-never-changed": 'meter "{meter}" is never changed',
    "lengths-differ": 'lengths of "{section}" differ by more than 40 %: '
    "{here:.0f} here, {there:.0f} in {language} (weighted)",
    "minutes-written": "minutes of a lesson are computed, {minutes}; take them out here",
    "term-missing": 'term "{original}" ({language} line {line}) without "{expected}"',
    # With --complete
    "term-not-said": 'term "{term}" is said nowhere in {language}',
    "minutes-of-course": "what is required takes {minutes:g} minutes in {language}, expected at most {most}",
}

LEVELS: Mapping[str, Level] = {**dict.fromkeys(ERRORS, "error"), **dict.fromkeys(WARNINGS, "warning")}

_SENTENCES = ERRORS | WARNINGS


def sentence(finding: str, fields: Mapping[str, Field]) -> str:
    """Return the sentence of a finding (id) with `fields` (name → value). Raise `KeyError` for an unknown id."""
    return _Sentence().vformat(_SENTENCES[finding], (), fields)


def pattern(finding: str) -> str:
    """Return the sentence of a finding (id) with field names in capitals, optional parts in [ ]. Raise `KeyError`."""
    return _Pattern().vformat(_SENTENCES[finding], (), {})


class _Sentence(string.Formatter):
    """Format strings in which tuples are joined by commas, with these rules:

    {kind:a}                a lesson, an exam
    {share:%}               86 %
    {count:one|many}        "1 one", "2 many"
    {name:?with …|without}  "with" and the field where it is given, else "without" (or nothing)
    """

    def get_value(self, key: int | str, args: Any, fields: Mapping[str, Any]) -> Any:
        return fields.get(str(key))

    def format_field(self, value: Any, rule: str) -> str:
        if rule.startswith("?"):
            given, _, absent = rule[1:].partition("|")
            return absent if value is None else given.replace("…", self.format_field(value, ""))
        if isinstance(value, tuple):
            return ", ".join(map(str, value))
        if rule == "a":
            return f"{'an' if value[0] in 'aeiou' else 'a'} {value}"
        if rule == "%":
            return f"{value:.0%}".replace("%", " %")
        if "|" in rule:
            one, many = rule.split("|")
            return f"{value} {one if value == 1 else many}"
        return format(value, rule)


class _Pattern(_Sentence):
    def get_value(self, key: int | str, args: Any, fields: Mapping[str, Any]) -> str:
        return str(key).upper()

    def format_field(self, value: Any, rule: str) -> str:
        if rule.startswith("?"):
            given = rule[1:].replace("…", value)
            return given.partition("|")[0] if "|" in given else f"[{given}]"
        if rule == "a":
            return f"a {value}"
        if rule == "%":
            return f"{value} %"
        return f"{value} {rule.split('|')[1]}" if "|" in rule else str(value)
