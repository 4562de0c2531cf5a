"""Query plans on PostgreSQL: pages of a large company read few rows, found by an index.

With 10,000 enrollments PostgreSQL reads a whole table only if no index helps, as with a million.
"""

import uuid

import pytest
from django.db import connection, transaction
from django.urls import reverse

from benchmarks.growing_company import GrowingCompany
from benchmarks.visits import plans_of, statements_kept
from courseware.accounts.models import User
from courseware.content.models import ReleaseEntry
from courseware.learning.lessons.question_rendering import drawn_with
from courseware.learning.models import Enrollment
from courseware.lib.admin import model_admins
from courseware.reporting.dashboard import rows
from tests.making import make_course
from tests.site.routes import fill_in
from tests.site.test_access import client_of, read_table
from tests.world import ROLES

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="asks for plans of PostgreSQL"),
]

# Tables with a row and more for each person.
GROWING = {
    "accounts_user", "accounts_membership", "accounts_trusteddevice", "assessment_examattempt",
    "assessment_certificate", "assessment_dailyquestionanswer", "assessment_practiceanswer", "assessment_response",
    "django_session",
    "audit_log_event", "learning_answer", "learning_completion", "learning_enrollment", "notifications_outgoingemail",
    "simulations_decision", "simulations_simulationattempt",
}  # fmt: skip
PERSON_ROWS = 200  # rows of one table that a statement may read for a page of a person
TEAM_ROWS = 50 * 11  # enrollments
FILTER_ROWS = 1_000  # as many as there are people: of 11,000 enrollments and 29,000 events
LIST_ROWS = 20  # rows, in these tests
# Searches and filters of lists that read more: mostly people, who are the fewest.
READS_ALL = {
    "accounts_user ?membership=none": {"accounts_user", "accounts_membership"},
}


@pytest.fixture(scope="class")
def company(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        make_course()
        company = GrowingCompany()
        company.grow(10_000)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
            for way in ("seqscan", "hashjoin", "mergejoin"):  # cheap here, but not in a large company
                cursor.execute(f"SET LOCAL enable_{way} = off")
        yield company
        transaction.set_rollback(True)


def nodes(plan):
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def rows_read(node):
    left_out = (value for name, value in node.items() if name.startswith("Rows Removed by"))
    return (node["Actual Rows"] + sum(left_out)) * node["Actual Loops"]


def tables_read_fully(statements, most):
    """Growing tables of which a statement reads more than `most` rows or uses no index."""
    return {
        node["Relation Name"]
        for plan in plans_of(statements)
        for node in nodes(plan)
        if node.get("Relation Name") in GROWING and (node["Node Type"] == "Seq Scan" or rows_read(node) > most)
    }


def visit_statements(client, path, form=None):
    """The statements of the second visit; the first one fills caches."""
    for _ in range(2):
        with statements_kept() as statements:
            response = client.post(path, form | {"token": uuid.uuid4()}) if form else client.get(path)
            assert response.status_code == (302 if form else 200), path
            b"".join(response)
    assert statements
    return statements


LISTS = {
    "audit_log_event": ["", "q=enrollment:7", "q=exempted", "q=p000123@bench.example"],
    "learning_enrollment": ["", "state=overdue", "team=Team+0002"],
    "accounts_user": ["", "team=Team+0002", "is_active__exact=0", "is_staff__exact=1", "is_superuser__exact=1"],
    "notifications_outgoingemail": ["", "q=p000123@bench.example", "state__exact=bounced"],
    "assessment_certificate": ["", "revoked_at__isempty=0", "revoked_at__isempty=1"],
}


class TestCompanyOf1000:
    """1,000 people in 10 courses; see `company`."""

    def test_lesson_answer_reads_no_growing_table_fully(self, client, company):
        course = next(each for each in company.courses if each.course.identifier == "tea-room").course
        client.force_login(company.learner)
        lesson = f"/learn/{course.identifier}/boiling/"
        revision = ReleaseEntry.objects.get(release=course.current, document__identifier="boiling").revision_id
        answer = {"tries": 0, "revision": revision, "drawn_with": drawn_with(), "choice": 0}
        assert tables_read_fully(visit_statements(client, f"{lesson}answer/is-it-off/", answer), PERSON_ROWS) == set()

    @pytest.mark.parametrize("path", ["/team/", "/team/?state=overdue"])
    def test_team_dashboard_reads_no_growing_table_fully(self, client, company, path):
        client.force_login(company.last_manager)
        assert tables_read_fully(visit_statements(client, path), TEAM_ROWS) == set()

    def test_company_dashboard_filters_read_no_growing_table_fully(self, client, company, monkeypatch):
        monkeypatch.setattr(rows, "SORTED_BY_NAME", 200)  # above this, people are not counted
        few, others = company.job_roles[:2]
        User.objects.filter(job_role=few).exclude(email__startswith="p00000").update(job_role=others)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE accounts_user")
        client.force_login(company.head)
        read = {
            question: tables_read_fully(visit_statements(client, f"/team/?{question}"), FILTER_ROWS)
            for question in ("days=due-7", "days=late-30", f"job_role={few}")
        }
        assert read == {question: set() for question in read}

    def test_admin_lists_read_no_growing_table_fully(self, client, company, monkeypatch):
        monkeypatch.setattr(model_admins, "MAX_LISTED_ROWS", LIST_ROWS)
        client.force_login(company.admin)
        questions = [f"{name} ?{question}" for name, some in LISTS.items() for question in some] + list(READS_ALL)
        read = {}
        for each in questions:
            name, _space, question = each.partition(" ")
            statements = visit_statements(client, reverse(f"admin:{name}_changelist") + question)
            read[each] = tables_read_fully(statements, FILTER_ROWS)
        assert {each: tables for each, tables in read.items() if tables} == READS_ALL


# All pages of learners and managers, with 20,000 people ---------------------------------------------------------------

PEOPLE, TEAMS = 20_000, 400
COMPANY_SQL = [
    """insert into accounts_user (password, is_superuser, email, name, language, extra_time, is_active, is_staff,
           joined_at, is_demo, session_number, job_role)
       select '!', false, 'crowd' || n || '@example.com', 'Person ' || md5(n::text), '', '', true, false, now(), false,
           0, ''
       from generate_series(1, {people}) n""",
    """insert into accounts_team (name, time_zone, ancestors)
       select 'Crowd ' || n, '', '/' from generate_series(1, {teams}) n""",
    """insert into accounts_membership (team_id, person_id, role)
       select (select min(id) from accounts_team where name like 'Crowd %') + id % {teams}, id, 'learner'
       from accounts_user where email like 'crowd%'""",
    """insert into accounts_searchterm (person_id, term)
       select id, 'crowd' || id from accounts_user where email like 'crowd%'""",
    """insert into learning_enrollment (learner_id, course_id, enrolled_at, due_at, job_role, exemption_reason,
           is_newest, started_at, completed_at)
       select id, {course}, now(), now() + (id % 60 - 5) * interval '1 day', '', '', true,
           case when id % 4 > 0 then now() end, case when id % 2 > 0 then now() end
       from accounts_user where email like 'crowd%'""",
    """insert into learning_completion (enrollment_id, document_id, revision_id, outcome, completed_at)
       select crowd.id, document_id, revision_id, outcome, now()
       from learning_enrollment crowd, learning_completion done
       where done.enrollment_id = {enrollment} and crowd.id > {last}""",
    """insert into learning_answer (enrollment_id, document_id, revision_id, question, shape, response, is_right,
           answered_at, token)
       select crowd.id, document_id, revision_id, question, shape, response, is_right, now(), gen_random_uuid()
       from learning_enrollment crowd, learning_answer given
       where given.enrollment_id = {enrollment} and crowd.id > {last}""",
    """insert into assessment_examattempt (enrollment_id, exam_id, revision_id, release_id, number, started_at,
    pass_mark, submitted_at, points, max_points, is_passed) select crowd.id, exam_id, revision_id, release_id, 1, now(),
    pass_mark, now(), points, max_points, is_passed from learning_enrollment crowd, assessment_examattempt sat where
    sat.id = {passed} and crowd.id > {last}""",
    """insert into assessment_certificate (enrollment_id, number, issued_at, valid_until, holder, titles, release_id,
           revocation_reason, issuer, signer, minutes)
       select crowd.id, 'crowd' || crowd.id, now(), valid_until, 'x', titles, release_id, '', issuer, signer, minutes
       from learning_enrollment crowd, assessment_certificate given
       where given.enrollment_id = {passed_enrollment} and crowd.id > {last}""",
    """insert into assessment_certification (learner_id, course_id, certificate_id, certified_until)
       select learner_id, course_id, issued.id, '2999-01-01' from assessment_certificate issued
       join learning_enrollment crowd on crowd.id = enrollment_id where crowd.id > {last}""",
    """insert into simulations_simulationattempt (enrollment_id, simulation_id, revision_id, release_id, number, timing,
    flags, started_at, shown_at, finished_at, ending, colour, points) select crowd.id, simulation_id, revision_id,
    release_id, 1, timing, flags, now(), now(), now(), ending, colour, points from learning_enrollment crowd,
    simulations_simulationattempt played where played.enrollment_id = {enrollment} and played.finished_at is not null
    and crowd.id > {last}""",
]  # fmt: skip


GROWN = {
    "accounts_user", "accounts_searchterm", "accounts_membership", "learning_enrollment", "learning_completion",
    "learning_answer", "assessment_examattempt", "assessment_certificate", "assessment_certification",
    "simulations_simulationattempt",
}  # fmt: skip


@pytest.fixture
def large_company(world):
    """The world among 20,000 other people with the same records."""
    keys = {
        "people": PEOPLE,
        "teams": TEAMS,
        "course": world.course.pk,
        "enrollment": world.enrollment.pk,
        "passed": world.passed.pk,
        "passed_enrollment": world.passed.enrollment_id,
        "last": max(world.enrollment.pk, world.passed.enrollment_id, *Enrollment.objects.values_list("pk", flat=True)),
    }
    with connection.cursor() as cursor:
        for statement in COMPANY_SQL:
            cursor.execute(statement.format(**keys))
        cursor.execute("analyze")
    return world


def pages_of(role):
    """Routes that this role may read."""
    place = ROLES.index(role)
    return [
        route.removeprefix("/")
        for (method, route), answers in read_table().items()
        if method == "GET" and answers[place] == "200"
    ]


def without_condition(statements):
    """Growing tables that a statement reads without an index condition."""
    return {
        node["Relation Name"]
        for plan in plans_of(statements)
        for node in nodes(plan)
        if node.get("Relation Name") in GROWN and not node.keys() & {"Index Cond", "Recheck Cond"}
    }


@pytest.mark.parametrize("role", ["learner", "manager"])
def test_learner_and_manager_pages_use_index_conditions(large_company, role):
    client = client_of(large_company, role)
    queries = ["state=overdue", "state=completed", "name=lea", "days=due-7", "days=late-7"]
    queries += [f"job_role={job_role}" for job_role in large_company.outline.tracks]
    queries += ["sort=name", "sort=team", "sort=last-active"]
    routes = [*pages_of(role), *(f"team/?{query}" for query in queries)]
    routes = [route for route in routes if role == "manager" or not route.startswith("team/")]
    found = {
        route: without_condition(visit_statements(client, fill_in(route, large_company.places))) for route in routes
    }
    assert {route: tables for route, tables in found.items() if tables} == {}


def test_full_table_scan_is_found(large_company):
    ends = {
        "WHERE exemption_reason = 'x'": {"learning_enrollment"},
        "ORDER BY id": {"learning_enrollment"},
        "WHERE learner_id = 1": set(),
    }
    statements = {end: [(f"SELECT job_role FROM learning_enrollment {end}", ())] for end in ends}
    assert {end: without_condition(statements[end]) for end in ends} == ends
