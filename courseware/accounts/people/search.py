"""Search terms of people, matched by prefix. Code that writes people without `save` must call `store_terms`."""

import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _

from courseware.lib.db.chunks import chunks
from courseware.lib.text.pinyin import readings

LENGTH = 40  # of a term; search words are cut to it as well
MOST_WORDS = 6  # of one search
AT_A_TIME = 500  # people
FIELDS = ("name", "email", "staff_number")
CHINESE = "\u3400-\u9fff\U00020000-\U0003ffff"
# Where a search may start: at each word, and at each Chinese character.
BEGINNINGS = re.compile(rf"[{CHINESE}]|[^\W_{CHINESE}]+")
CHINESE_ONES = re.compile(rf"[{CHINESE}]+")
LINED_UP = re.compile(rf"(?<=[{CHINESE}])\s+(?=[{CHINESE}])")  # 王　明 below 王小明
# Letters that Unicode does not decompose, but that other keyboards lack.
PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
HOW_PEOPLE_ARE_FOUND = _(
    "Enter the start of one of these: name, pinyin, initials, email address or staff number. You can also "
    "enter the end of a staff number."
)
END = "Z"  # before a reversed staff number; no other term has a capital
AFTER_ALL = chr(sys.maxunicode)


@models.CharField.register_lookup
class Begins(models.Lookup[str]):
    """Find rows by `column__begins="x"`, case-sensitive. PostgreSQL needs an index with `varchar_pattern_ops`."""

    lookup_name = "begins"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} LIKE %s", [*params, f"{connection.ops.prep_for_like_query(self.rhs)}%"]

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        # A range, for which SQLite uses the index.
        return f"({column} >= %s AND {column} < %s)", [*params, self.rhs, *params, f"{self.rhs}{AFTER_ALL}"]


class SearchTermQuerySet(models.QuerySet):
    def starts_with(self, word):
        """Return the terms with the prefix `word`, none for "". A staff number also matches by its end."""
        word = folded(word).removeprefix("@")[:LENGTH]  # terms of domains start behind it
        if not word:
            return self.none()
        found = models.Q(term__begins=word)
        if "@" not in word and (plain := initials_of(word)):
            found |= models.Q(term__begins=plain)
            if len(plain) > 1 and any(each.isdigit() for each in plain):
                found |= models.Q(term__begins=END + plain[::-1])
        return self.filter(found)


class SearchTerm(models.Model):
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    term = models.CharField(max_length=LENGTH)

    objects = SearchTermQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["term", "person"], opclasses=["varchar_pattern_ops", "int8_ops"], name="people_by_term"
            )
        ]

    def __str__(self):
        return self.term


def found_by(words, rows, person="pk"):
    """Return those of `rows` (queryset) whose person matches each of the first MOST_WORDS words of the text `words`;
    all rows if it has none. `person`: lookup from a row to its person.
    """
    for word in dict.fromkeys(words.split()[:MOST_WORDS]):
        rows = rows.filter(**{f"{person}__in": SearchTerm.objects.starts_with(word).values("person")})
    return rows


def folded(text: str) -> str:
    """Return the text in half width and lower case, without accents."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(each for each in decomposed if not unicodedata.combining(each)).translate(PLAIN)


def initials_of(text: str) -> str:
    return "".join(each for each in text if each.isalnum())


def terms_of(name: str, email: str | None, staff_number: str | None) -> set[str]:
    """Return the search terms of a person. No term is a prefix of another one."""
    number = initials_of(folded(staff_number or ""))
    found = {*of_name(folded(name)), *of_address(folded(email or ""))}
    found |= {number, END + number[::-1]} if number else set()
    terms = sorted({term[:LENGTH] for term in found})
    return {term for term, after in zip(terms, [*terms[1:], ""], strict=True) if not after.startswith(term)}


def of_name(name: str) -> Iterator[str]:
    """Yield the rest of a `folded` name from each word and Chinese character on, also as pinyin and as initials."""
    for beginning in BEGINNINGS.finditer(name):
        yield initials_of(name[beginning.start() :])
    for characters in CHINESE_ONES.findall(LINED_UP.sub("", name)):
        for surname, given in readings(characters):
            syllables = (*surname, *given)
            for start in range(len(syllables)):
                yield "".join(syllables[start:])
                yield "".join(syllable[0] for syllable in syllables[start:])
            yield "".join(surname) + "".join(syllable[0] for syllable in given)


def of_address(email: str) -> Iterator[str]:
    for beginning in BEGINNINGS.finditer(email):
        if beginning.start() <= email.find("@") + 1:
            yield email[beginning.start() :]


def store_terms(people: Iterable, *, are_new: bool = False) -> None:
    """Store search terms of `people`, a list of saved users, in the caller's transaction. `are_new`: none stored."""
    wanted = {(person.pk, term) for person in people for term in terms_of_person(person)}
    if not are_new:
        rows = SearchTerm.objects.filter(person__in=[person.pk for person in people])
        stored = {(person, term): key for key, person, term in rows.values_list("pk", "person", "term")}
        if outdated := [key for pair, key in stored.items() if pair not in wanted]:
            SearchTerm.objects.filter(pk__in=outdated).delete()
        wanted -= stored.keys()
    SearchTerm.objects.bulk_create([SearchTerm(person_id=key, term=term) for key, term in sorted(wanted)])


def terms_of_person(person) -> set[str]:
    return terms_of(*(getattr(person, field) for field in FIELDS))


def people_with_outdated_terms() -> Iterator[int]:
    """Yield ids of people whose stored terms differ from their data, in constant memory."""
    people = get_user_model().objects.order_by("pk").only(*FIELDS)
    for chunk in chunks(people, AT_A_TIME):
        stored = defaultdict(set)
        for person, term in SearchTerm.objects.filter(person__in=chunk).values_list("person", "term"):
            stored[person].add(term)
        yield from (person.pk for person in chunk if stored[person.pk] != terms_of_person(person))


def renew_terms() -> str:
    """Nightly job: store the terms of people whose terms are wrong. Return their number as text."""
    person_ids = list(people_with_outdated_terms())
    for start in range(0, len(person_ids), AT_A_TIME):
        with transaction.atomic():
            people = (
                get_user_model()
                .objects.select_for_update(no_key=True)
                .filter(pk__in=person_ids[start : start + AT_A_TIME])
                .order_by("pk")
            )
            store_terms(list(people))
    return str(len(person_ids))
