"""However many are enrolled already, and whatever PostgreSQL believes of it: it looks for each person's own runs."""

import json

import pytest
from django.db import connection

from courseware.content.models import Course
from courseware.learning.enrolling import BATCH, begin_enrolling, enroll_next, people_waiting, waiting_for
from courseware.learning.models import Enrollment
from tests.making import make_course, make_team

PEOPLE, COURSES = 6 * BATCH, 4


def rows_touched(queryset):
    """By all steps of the plan: those that were handed on, and those that were read and left out."""
    with connection.cursor() as cursor:
        for choice in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):  # as it chooses by itself in a large firm
            cursor.execute(f"SET LOCAL enable_{choice} = off")
        sql, values = queryset.query.sql_with_params()
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
        (said,) = cursor.fetchone()
    steps, found = [(json.loads(said) if isinstance(said, str) else said)[0]["Plan"]], 0
    while steps:
        step = steps.pop()
        steps += step.get("Plans", [])
        told = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck")
        found += step["Actual Loops"] * sum(step.get(name, 0) for name in told)
    return found


@pytest.mark.django_db
def test_who_is_not_enrolled_yet_is_found_without_comparing_everybody_with_everybody():
    if connection.vendor != "postgresql":
        pytest.skip("the plans are those of PostgreSQL")
    new = make_course()
    team = make_team(learners=PEOPLE)
    others = [Course.objects.create(identifier=f"other-{number}") for number in range(COURSES)]
    people = team.memberships.filter(role="learner").values_list("person", flat=True)
    for course in others:
        Enrollment.objects.bulk_create(Enrollment(learner_id=person, course=course) for person in people)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # of a time when nobody was in the new course
    order = begin_enrolling([team], new, due_on=None)
    for _ in range(PEOPLE // BATCH - 1):
        order = enroll_next(order, by=None)
    assert people_waiting(order) == BATCH
    # A person has a row, a membership and a run in each course; each step of the plan may touch them once.
    assert rows_touched(waiting_for(order).order_by("pk")) < PEOPLE * (COURSES + 3) * 4
