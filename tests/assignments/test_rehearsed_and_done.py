"""What the rehearsal of a day says is what acting on it writes, in firms made at random: read from the tables alone."""

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.utils import timezone

from courseware.accounts.models import Membership, User
from courseware.assessment.certifying import issue
from courseware.assessment.models import Certificate, OutsideTraining
from courseware.assessment.outside_records import record_outside
from courseware.assessment.standing import keep_standings
from courseware.assignments import acting
from courseware.assignments.rehearsal import rehearse_all
from courseware.learning.models import Enrollment
from courseware.lib.dates import site_day
from courseware.outbox.models import Message
from tests.assignments.rules import make_rule
from tests.making import join, make_course, make_enrollment, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
LEARNER, MANAGER = Membership.Role


def near(chance, days=40):
    return site_day() + timedelta(days=chance.randint(-days, days))


def make_person(chance, course, teams, hr):
    start, end = chance.choice([None, near(chance)]), chance.choice([None, None, near(chance)])
    person = make_user(post=chance.choice(["phone", ""]), starts_on=start, leaves_on=end)
    if team := chance.choice([*teams, None]):
        join(team, person, chance.choice([LEARNER, LEARNER, MANAGER]))
    kind, until = chance.choice(["", "", "open", "excused", "certified", "certified", "outside"]), near(chance)
    if kind == "open":
        make_enrollment(person, course)
    if kind == "excused":
        make_enrollment(person, course, waived_at=timezone.now(), waived_reason="On leave")
    if kind == "certified":
        run = make_enrollment(person, course, completed_at=timezone.now() - timedelta(days=50))
        certificate = issue(run, at=run.completed_at)
        Certificate.objects.filter(pk=certificate.pk).update(valid_until=until)
        keep_standings([Certificate.objects.get(pk=certificate.pk)])
    if kind == "outside":
        said = {"trained_on": site_day() - timedelta(days=60), "valid_until": until, "proof": "x"}
        record_outside([OutsideTraining(person=person, course=course, **said)], by=hr)


def make_random_rule(chance, course, teams):
    terms = {"team_id": chance.choice([None, *(team.pk for team in teams)]), "role": chance.choice(["", LEARNER])}
    terms |= {"post": chance.choice(["", "", "phone"]), "due_days": chance.randint(0, 30)}
    terms |= {"due": chance.choice(["start", "joining", "assignment", "quarter"]), "excuses": chance.random() < 0.7}
    if chance.random() < 0.7:
        terms |= {"renewal": chance.choice(["whole", "short"]), "renewal_days": chance.randint(1, 40)}
    make_rule(course, **terms)


def stir(chance, teams):
    """Some move, some change the post, some have left."""
    for person in User.objects.filter(is_staff=False).order_by("pk"):
        what = chance.choice(["", "", "move", "post", "gone"])
        if what == "move":
            person.memberships.all().delete()
            join(chance.choice(teams), person)
        if what == "post":
            User.objects.filter(pk=person.pk).update(post=chance.choice(["phone", "chat"]))
        if what == "gone":
            User.objects.filter(pk=person.pk).update(is_active=False)


def last_day(due_at):
    return due_at and due_at.astimezone(ZoneInfo(settings.TIME_ZONE)).date() - timedelta(days=1)


def said_by_rehearsal(day):
    """{(person, what, last day, whether short)}, whichever rule says it."""
    return {
        (person, group.deed.value, group.due and group.due.day, group.is_short and group.deed.value == "renew")
        for rehearsal in rehearse_all(day)
        for group, people in rehearsal.acts.items()
        for person in people
    }


def tables():
    return {row["id"]: row for row in Enrollment.objects.order_by("pk").values()}


def what_was_written(before, after):
    """Of the tables only: a first run is an enrollment; a run beside a certificate that is valid is a renewal."""
    until = {}
    for person, day in Certificate.objects.values_list("enrollment__learner", "valid_until"):
        until[person] = day
    for person, day in OutsideTraining.objects.values_list("person", "valid_until"):
        until[person] = day
    found = set()
    for key, row in after.items():
        person = row["learner_id"]
        if key not in before:
            is_renewal = person in until and until[person] >= site_day()
            what = "renew" if is_renewal else "enroll"
            found.add((person, what, last_day(row["due_at"]), row["required"] is not None))
        elif row["waived_at"] and not before[key]["waived_at"]:
            found.add((person, "excuse", None, False))
    return found


@pytest.mark.parametrize("seed", range(8))
def test_what_a_rehearsal_says_is_what_acting_writes_and_whom_it_tells(seed, time_machine):
    time_machine.move_to(datetime(2026, 11, 25, 3, 0, tzinfo=ZoneInfo("UTC")), tick=False)
    chance, course, hr = random.Random(seed), make_course(), make_hr()
    teams = [make_team("Service")]
    teams += [make_team("Night", parent=teams[0]), make_team("Stores")]
    for _number in range(9):
        make_person(chance, course, teams, hr)
    for _number in range(chance.randint(1, 3)):
        make_random_rule(chance, course, teams)
    acting.act(site_day())  # so that there are runs that the rules began
    time_machine.shift(timedelta(days=chance.randint(1, 9)))
    stir(chance, teams)
    before, letters_before = tables(), set(Message.objects.values_list("pk", flat=True))
    said = said_by_rehearsal(site_day())
    assert tables() == before  # a rehearsal writes nothing
    acting.act(site_day())
    after = tables()
    assert what_was_written(before, after) == said
    new = {row["id"]: row["learner_id"] for key, row in after.items() if key not in before}
    written = Message.objects.filter(kind__in=["enrolled", "renewal-open"])
    told = {run: letter.person_id for letter in written for run in letter.data["subjects"]}
    assert {run: person for run, person in told.items() if run in new} == new
    fresh = written.exclude(pk__in=letters_before)
    assert {letter.person_id for letter in fresh} <= set(new.values())
    acting.act(site_day())
    assert tables() == after
