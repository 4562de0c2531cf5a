"""Import of external training from a list (CSV or spreadsheet): one person and course a row."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User, surviving_accounts
from courseware.accounts.permissions.permissions import may_decide_about, may_handle
from courseware.accounts.roster_import import messages
from courseware.accounts.roster_import.columns import HEADINGS, folded
from courseware.accounts.roster_import.file_formats import Table
from courseware.accounts.roster_import.parser import READ, ListFormat, ParsedRoster, Row, clean, day, printable
from courseware.assessment.certificates.external_training import default_expiry, key_of
from courseware.assessment.models import ExternalTraining
from courseware.content.models import Course
from courseware.content.rendering.store import outline
from courseware.lib.dates import site_day

MOST_TRAININGS = 1000  # shown on one page
OWN_HEADINGS = {
    "course": "课程 课程名称 培训 培训名称 培训课程 course coursename coursetitle training",
    "trained_on": "培训日期 培训时间 完成日期 结业日期 日期 trainedon trainingdate completedon completiondate date day",
    "valid_until": (
        "有效期至 有效期 到期日 到期日期 失效日期 validuntil validto expires expireson expirydate expirationdate"
    ),
    "proof": "凭据 证明 证明材料 依据 证书 proof evidence certificate",
    "reference": "凭据编号 证书编号 证明编号 编号 reference proofnumber certificatenumber certificateno number",
}
WHO = ("staff_number", "email", "name")  # the name is for readers of the list only
COLUMNS = {
    word: name
    for name, words in ({name: HEADINGS[name] for name in WHO} | OWN_HEADINGS).items()
    for word in words.split()
}
SORT = ListFormat(
    COLUMNS,
    {name: READ[name] for name in ("staff_number", "email")}
    | {
        "name": lambda text: clean(text, 1000),
        "course": lambda text: clean(text, 200),
        "trained_on": day,
        "valid_until": day,
        "proof": lambda text: clean(text, 200),
        "reference": lambda text: clean(text, 100),
    },
)
REFUSALS = messages.REFUSALS | {
    "empty": _("This list has headings but no rows."),
    "too-long": _("This list has more than 1,000 rows. Import it in parts."),
    "too-wide": _(
        "This list has more than 200,000 characters. Remove columns that are not needed, or import it in parts."
    ),
    "no-headings": _(
        "The list needs a heading for the staff number or the email address. Use headings such as: Staff "
        "number, Course, Trained on, Valid until, Proof."
    ),
}
FIELDS = messages.FIELDS | {
    "course": _("course"),
    "trained_on": _("trained on"),
    "valid_until": _("valid until"),
    "proof": _("proof"),
    "reference": _("number or location of the proof"),
}
PROBLEMS = messages.PROBLEMS | {
    "not-here": _("No person has this staff number or email address."),
    "own-training": _("You cannot record your own training. Ask a colleague or an admin."),
    "ask-admin": _(
        "This person has access to the admin pages or is an auditor. Only an admin can record this training."
    ),
    "conflict": messages.CONFLICT_OF_INTEREST,
    "which-course": _("This course does not exist. Enter the title or the ID of a course on this site."),
    "no-course": _("The course is missing. Enter it in the row or in the field below."),
    "no-day": _("The training date is missing."),
    "to-come": _("The training date is in the future. Enter the date on which the training was completed."),
    "ends-before": _("The expiry date is before the training date."),
    "no-proof": _("The proof is missing. Enter it in the row or in the field below."),
    "twice": _("Line %(line)s of the list has the same person, course and date as this line."),
    "otherwise": _("This training is already recorded with a different expiry date. Revoke that record first."),
}


@dataclass
class CellProblem:
    cell: str
    label: str
    stood: str
    words: str


@dataclass
class ListedTraining:
    """A row of the list: its training, its problems, or both. `is_known`: already recorded, so not recorded again."""

    line: int
    training: ExternalTraining | None = None
    is_known: bool = False
    problems: list[CellProblem] = field(default_factory=list)

    @property
    def is_new(self) -> bool:
        return not self.problems and not self.is_known


@dataclass(frozen=True)
class Usual:
    """Course and proof for rows that name no course or no proof."""

    course: Course | None = None
    proof: str = ""


def as_text(table: Table) -> str:
    """Return the table as CSV text."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table.rows)
    return text.getvalue().replace("\0", "�")


def compare_with_records(listing: ParsedRoster, usual: Usual, *, by: User) -> list[ListedTraining]:
    """Return each row with its unsaved training, its problems, or both. Record those that `new_of` returns."""
    named, courses = people_named(listing.rows), courses_by_name()
    rows = [judged(row, named, courses, usual, by) for row in listing.rows]
    people = {row.training.person_id for row in rows if row.training}
    recorded = ExternalTraining.objects.filter(person__in=people, revoked_at=None)
    until = {key_of(training): training.valid_until for training in recorded}
    lines: dict[tuple[int, int, date], int] = {}
    for row, source in zip(rows, listing.rows, strict=True):
        if row.training is None:
            continue
        key = key_of(row.training)
        if key in lines:
            row.problems.append(problem(source, "trained_on", "twice", line=str(lines[key])))
        elif key in until and until[key] != row.training.valid_until:
            row.problems.append(problem(source, "valid_until", "otherwise"))
        row.is_known = key in until
        lines.setdefault(key, row.line)
    return rows


def people_named(rows: Iterable[Row]) -> dict[str, User]:
    """Return staff number or address → person, for those in `rows` that exist; of an alias the surviving account."""
    numbers = {row.values["staff_number"] for row in rows if "staff_number" in row.values}
    addresses = {row.values["email"] for row in rows if "email" in row.values}
    people: dict[str, User] = {}
    for person in User.objects.filter(Q(staff_number__in=numbers) | Q(email__in=addresses)):
        people |= {name: person for name in (person.staff_number, person.email) if name}
    kept_accounts = surviving_accounts({person.pk for person in people.values()})
    return {name: kept_accounts.get(person.pk, person) for name, person in people.items()}


def courses_by_name() -> dict[str, Course]:
    """Return title or id → released course. Keys are folded; titles are in all languages."""
    found: dict[str, Course] = {}
    for course in Course.objects.exclude(current=None).select_related("current").order_by("-pk"):
        if release := course.current:
            titles = [outline(release, language).title for language in release.outlines]
            found |= {folded(name): course for name in (*titles, course.identifier)}
    return found


Fault = tuple[str, str]  # column, key of PROBLEMS


def faults_of_person(row: Row, column: str, person: User | None, by: User) -> Iterator[Fault]:
    """Yield faults of the person. `column`: the field that names the person, or ""; `person`: None if unknown."""
    if not column:
        if not faulty_columns(row) & {"staff_number", "email"}:
            yield "staff_number", "nobody"
    elif person is None:
        yield column, "not-here"
    elif person == by:
        yield column, "own-training"
    else:
        if not may_handle(by, person):
            yield column, "ask-admin"
        if not may_decide_about(by, person):
            yield column, "conflict"


def faults_of_course(row: Row, course: Course | None) -> Iterator[Fault]:
    if course is None and "course" in row.values:
        yield "course", "which-course"
    elif course is None and "course" not in faulty_columns(row):
        yield "course", "no-course"


def faults_of_days(row: Row, on: date | None, until: date | None) -> Iterator[Fault]:
    if on is None and "trained_on" not in faulty_columns(row):
        yield "trained_on", "no-day"
    if on and on > site_day():
        yield "trained_on", "to-come"
    if on and until and until < on:
        yield "valid_until", "ends-before"


def faults_of_proof(row: Row, proof: str) -> Iterator[Fault]:
    if not proof and "proof" not in faulty_columns(row):
        yield "proof", "no-proof"


def faulty_columns(row: Row) -> set[str]:
    return {fault.column for fault in row.problems}


def usual_last_day(course: Course | None, on: date | None) -> date | None:
    return default_expiry(course, on) if course and on else None


def judged(
    row: Row, people: Mapping[str, User], courses: Mapping[str, Course], usual: Usual, by: User
) -> ListedTraining:
    """Return the row with its training or problems. `people`: of `people_named`; `courses`: of `courses_by_name`."""
    found = ListedTraining(row.line, problems=[in_words(fault) for fault in row.problems])
    values = row.values
    who = next((name for name in ("staff_number", "email") if name in values), "")
    person = people.get(values.get(who, ""))
    course = courses.get(folded(values["course"])) if "course" in values else usual.course
    on, proof = values.get("trained_on"), values.get("proof") or usual.proof
    until = values.get("valid_until") or usual_last_day(course, on)
    faults = [*faults_of_person(row, who, person, by), *faults_of_course(row, course)]
    faults += [*faults_of_days(row, on, until), *faults_of_proof(row, proof)]
    found.problems += [problem(row, column, code) for column, code in faults]
    if not found.problems:
        terms = {"trained_on": on, "valid_until": until, "proof": proof, "reference": values.get("reference", "")}
        found.training = ExternalTraining(person=person, course=course, **terms)
    return found


def problem(row: Row, column: str, code: str, **values: str) -> CellProblem:
    """Return a problem of the cell in `column`. `code`: key of PROBLEMS; `values`: its placeholders."""
    text = row.values.get(column, "")
    cell = row.cells.get(column, str(row.line))
    return CellProblem(cell, str(FIELDS[column]), printable(str(text)), str(PROBLEMS[code]) % values)


def in_words(fault: Any) -> CellProblem:
    """Return the problem for a `CellFault` of the parser."""
    return CellProblem(fault.cell, str(FIELDS[fault.column]), fault.stood, str(PROBLEMS[fault.code]))


def new_of(rows: Iterable[ListedTraining]) -> list[ExternalTraining]:
    """Return the unsaved trainings of rows without problems that are not recorded yet."""
    return [row.training for row in rows if row.is_new and row.training]
