"""A letter as a simple page: the same words in paragraphs, in whatever font and colours its reader's program has."""

import re

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from courseware.outbox.writing import SIGNATURE, WrittenLetter

ADDRESS = re.compile(r"https?://\S+")


def letter_page(letter: WrittenLetter, language: str) -> str:
    """`language` is that of the page, as "zh-Hans"."""
    context = {"language": language, "subject": letter.subject, "body": paragraphs_of(letter)}
    return render_to_string("outbox/letter.html", context)


def paragraphs_of(letter: WrittenLetter) -> SafeString:
    """Safe HTML: nothing of the text is taken for any. An address that is a line by itself is a link."""
    texts = letter.body.replace(SIGNATURE, "\n").strip().split("\n\n")
    paragraphs = [[(line, ADDRESS.fullmatch(line)) for line in text.strip().split("\n")] for text in texts]
    return render_to_string("outbox/_paragraphs.html", {"paragraphs": paragraphs})
