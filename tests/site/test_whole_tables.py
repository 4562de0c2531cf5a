"""No page reads a whole table that grows: what PostgreSQL means to do is read from its plans, in a firm of 20,000."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.site.routes import fill_in
from tests.site.test_access import client_of, read_table
from tests.world import ROLES

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the plans are those of PostgreSQL"),
]
PEOPLE, TEAMS = 20_000, 400
FIRM = [
    """insert into accounts_user (password, is_superuser, email, name, language, practice_time, is_active, is_staff,
           joined_at, is_demo, session_number, post)
       select '!', false, 'crowd' || n || '@example.com', 'Person ' || md5(n::text), '', '', true, false, now(), false,
           0, ''
       from generate_series(1, {people}) n""",
    """insert into accounts_team (name, time_zone, above)
       select 'Crowd ' || n, '', '/' from generate_series(1, {teams}) n""",
    """insert into accounts_membership (team_id, person_id, role)
       select (select min(id) from accounts_team where name like 'Crowd %') + id % {teams}, id, 'learner'
       from accounts_user where email like 'crowd%'""",
    """insert into accounts_searchterm (person_id, term)
       select id, 'crowd' || id from accounts_user where email like 'crowd%'""",
    """insert into learning_enrollment (learner_id, course_id, enrolled_at, due_at, track, waived_reason, is_newest,
           started_at, completed_at)
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
    """insert into assessment_attempt (enrollment_id, exam_id, revision_id, release_id, number, started_at, pass_mark,
           submitted_at, points, max_points, is_passed)
       select crowd.id, exam_id, revision_id, release_id, 1, now(), pass_mark, now(), points, max_points, is_passed
       from learning_enrollment crowd, assessment_attempt sat where sat.id = {passed} and crowd.id > {last}""",
    """insert into assessment_certificate (enrollment_id, number, issued_at, valid_until, holder, titles, release_id,
           withdrawn_reason, issuer, signer, minutes)
       select crowd.id, 'crowd' || crowd.id, now(), valid_until, 'x', titles, release_id, '', issuer, signer, minutes
       from learning_enrollment crowd, assessment_certificate given
       where given.enrollment_id = {passed_enrollment} and crowd.id > {last}""",
    """insert into assessment_standing (learner_id, course_id, certificate_id, certified_until)
       select learner_id, course_id, issued.id, '2999-01-01' from assessment_certificate issued
       join learning_enrollment crowd on crowd.id = enrollment_id where crowd.id > {last}""",
    """insert into simulations_run (enrollment_id, simulation_id, revision_id, release_id, number, timing, flags,
           started_at, shown_at, finished_at, ending, colour, points)
       select crowd.id, simulation_id, revision_id, release_id, 1, timing, flags, now(), now(), now(), ending, colour,
           points
       from learning_enrollment crowd, simulations_run played
       where played.enrollment_id = {enrollment} and played.finished_at is not null and crowd.id > {last}""",
]  # fmt: skip
GROWING = {
    "accounts_user", "accounts_searchterm", "accounts_membership", "learning_enrollment", "learning_completion",
    "learning_answer", "assessment_attempt", "assessment_certificate", "assessment_standing", "simulations_run",
}  # fmt: skip


@pytest.fixture
def crowded(world):
    """The firm of all other tests, among 20,000 other people who have done the same."""
    keys = {
        "people": PEOPLE,
        "teams": TEAMS,
        "course": world.course.pk,
        "enrollment": world.enrollment.pk,
        "passed": world.passed.pk,
        "passed_enrollment": world.passed.enrollment_id,
        "last": max(world.enrollment.pk, world.passed.enrollment_id, *all_enrollments()),
    }
    with connection.cursor() as cursor:
        for statement in FIRM:
            cursor.execute(statement.format(**keys))
        cursor.execute("analyze")
    return world


def all_enrollments():
    from courseware.learning.models import Enrollment

    return Enrollment.objects.values_list("pk", flat=True)


def pages_of(role):
    """Addresses, as written, that somebody in this role may read."""
    place = ROLES.index(role)
    return [
        route.removeprefix("/")
        for (method, route), answers in read_table().items()
        if method == "GET" and answers[place] == "200"
    ]


def read_whole(statement):
    """Growing tables that this statement reads from end to end."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}")
        found = cursor.fetchone()[0]
    (plan,) = json.loads(found) if isinstance(found, str) else found
    return {node["Relation Name"] for node in nodes(plan["Plan"]) if reads_whole(node)}


def nodes(plan):
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def reads_whole(node):
    # An index that is walked without a condition is the table in another order.
    return node.get("Relation Name") in GROWING and not node.keys() & {"Index Cond", "Recheck Cond"}


def statements_of(client, address):
    with CaptureQueriesContext(connection) as asked:
        response = client.get(address)
        assert response.status_code == 200
        b"".join(response.streaming_content) if response.streaming else response.content
    return [query["sql"] for query in asked if query["sql"].startswith("SELECT")]


@pytest.mark.parametrize("role", ["learner", "manager"])
def test_no_page_of_a_learner_or_of_the_manager_of_a_team_reads_a_growing_table_from_end_to_end(crowded, role):
    client = client_of(crowded, role)
    queries = ["state=overdue", "state=completed", "name=lea", "days=due-7", "days=late-7"]
    queries += [f"post={post}" for post in crowded.outline.tracks]
    queries += ["sort=name", "sort=team", "sort=last-active"]
    routes = [*pages_of(role), *(f"team/?{query}" for query in queries)]
    found = {
        (route, table, statement)
        for route in routes
        if role == "manager" or not route.startswith("team/")
        for statement in statements_of(client, fill_in(route, crowded.places))
        for table in read_whole(statement)
    }
    assert found == set()


def test_reading_a_whole_table_is_seen(crowded):
    assert read_whole("SELECT count(*) FROM learning_enrollment WHERE waived_reason = 'x'") == {"learning_enrollment"}
    assert read_whole("SELECT track FROM learning_enrollment ORDER BY id") == {"learning_enrollment"}
    assert read_whole("SELECT track FROM learning_enrollment WHERE learner_id = 1") == set()
