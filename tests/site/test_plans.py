"""What PostgreSQL reads for a page of a large firm: some rows, found by an index, and never all of a table that grows.

The firm here has 10,000 enrollments; whole tables are read only where no index would do, as it is with a million.
"""

import uuid

import pytest
from django.db import connection
from django.urls import reverse

from benchmarks.growing_firm import GrowingFirm
from benchmarks.visits import plans_of, statements_kept
from courseware.accounts.models import User
from courseware.content.models import ReleaseEntry
from courseware.learning.question_view import drawn_with
from courseware.lib import model_admins
from courseware.reporting import board_rows
from tests.making import make_course

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="asks for plans of PostgreSQL"),
]

# Tables with a row and more for each person.
GROWING = {
    "accounts_user", "accounts_membership", "accounts_device", "assessment_attempt", "assessment_certificate",
    "assessment_dailyanswer", "assessment_drillanswer", "assessment_response", "django_session", "evidence_event",
    "learning_answer", "learning_completion", "learning_enrollment", "outbox_message", "simulations_decision",
    "simulations_run",
}  # fmt: skip
FEW = 200  # rows of one table that a statement may read for a page of a person
OF_A_TEAM = 50 * 11  # enrollments
OF_A_FILTER = 1_000  # as many as there are people: of 11,000 enrollments and 29,000 events
OF_A_LIST = 20  # rows, in these tests
# Searches and filters of lists that read more: mostly people, who are the fewest.
READS_ALL = {
    "accounts_user ?membership=none": {"accounts_user", "accounts_membership"},
}


@pytest.fixture
def firm(monkeypatch):
    monkeypatch.setattr(model_admins, "MOST", OF_A_LIST)
    make_course()
    firm = GrowingFirm()
    firm.grow(10_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        for way in ("seqscan", "hashjoin", "mergejoin"):  # which are cheap here and would not be in a large firm
            cursor.execute(f"SET LOCAL enable_{way} = off")
    return firm


def nodes(plan):
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def rows_read(node):
    left_out = (value for name, value in node.items() if name.startswith("Rows Removed by"))
    return (node["Actual Rows"] + sum(left_out)) * node["Actual Loops"]


def read_wholly(statements, most):
    """Tables that grow, and of which one of the statements reads more rows than that or has no index."""
    return {
        node["Relation Name"]
        for plan in plans_of(statements)
        for node in nodes(plan)
        if node.get("Relation Name") in GROWING and (node["Node Type"] == "Seq Scan" or rows_read(node) > most)
    }


def asked(client, path, form=None):
    """The statements of the second visit: the first one fills what the process keeps."""
    for _ in range(2):
        with statements_kept() as statements:
            response = client.post(path, form | {"token": uuid.uuid4()}) if form else client.get(path)
            assert response.status_code == (302 if form else 200), path
            b"".join(response)
    assert statements
    return statements


def test_no_page_of_a_learner_reads_a_table_that_grows(client, firm):
    course = next(each for each in firm.courses if each.course.identifier == "tea-room").course
    client.force_login(firm.learner)
    lesson = f"/learn/{course.identifier}/boiling/"
    revision = ReleaseEntry.objects.get(release=course.current, document__identifier="boiling").revision_id
    answer = {"tries": 0, "revision": revision, "drawn_with": drawn_with(), "choice": 0}
    pages = {
        "home": asked(client, "/"),
        "lesson": asked(client, lesson),
        "record": asked(client, f"/learn/{course.identifier}/record/"),
        "answer": asked(client, f"{lesson}answer/is-it-off/", answer),
    }
    assert {page: read_wholly(statements, FEW) for page, statements in pages.items()} == {key: set() for key in pages}


LISTS = {
    "evidence_event": ["", "q=enrollment:7", "q=waived", "q=p000123@bench.example"],
    "learning_enrollment": ["", "state=overdue", "team=Team+0002"],
    "accounts_user": ["", "team=Team+0002", "is_active__exact=0", "is_staff__exact=1", "is_superuser__exact=1"],
    "outbox_message": ["", "q=p000123@bench.example", "state__exact=bounced"],
    "assessment_certificate": ["", "withdrawn_at__isempty=0", "withdrawn_at__isempty=1"],
}


@pytest.mark.parametrize("path", ["/team/", "/team/?state=overdue"])
def test_no_board_of_a_team_of_fifty_reads_a_table_that_grows(client, firm, path):
    client.force_login(firm.last_manager)
    assert read_wholly(asked(client, path), OF_A_TEAM) == set()


def test_no_board_of_everybody_reads_a_table_that_grows_for_due_days_or_a_post_that_few_have(client, firm, monkeypatch):
    monkeypatch.setattr(board_rows, "SORTED_BY_NAME", 200)  # of more no people are counted
    few, others = firm.posts[:2]
    User.objects.filter(post=few).exclude(email__startswith="p00000").update(post=others)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_user")
    client.force_login(firm.head)
    read = {
        question: read_wholly(asked(client, f"/team/?{question}"), OF_A_FILTER)
        for question in ("days=due-7", "days=late-30", f"post={few}")
    }
    assert read == {question: set() for question in read}


def test_no_list_of_the_admin_reads_a_table_that_grows(client, firm):
    client.force_login(firm.admin)
    questions = [f"{name} ?{question}" for name, some in LISTS.items() for question in some] + list(READS_ALL)
    read = {}
    for each in questions:
        name, _space, question = each.partition(" ")
        statements = asked(client, reverse(f"admin:{name}_changelist") + question)
        read[each] = read_wholly(statements, OF_A_FILTER)
    assert {each: tables for each, tables in read.items() if tables} == READS_ALL
