"""Preview of rules: agrees with their execution and writes nothing."""

import random
from datetime import date, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from courseware.accounts.models import Membership, User
from courseware.assessment.certificates.certification import store_certifications
from courseware.assessment.certificates.external_training import record_external_training
from courseware.assessment.certificates.issuing import issue
from courseware.assessment.models import Certificate, ExternalTraining
from courseware.assignments.rules import execution
from courseware.assignments.rules.plan import preview_all, preview_rule
from courseware.assignments.rules.scope import ActionKind, Because, RuleReason
from courseware.learning.enrollments.enrollment import enroll, exempt
from courseware.learning.models import Enrollment
from courseware.lib.dates import site_day
from courseware.notifications.models import OutgoingEmail
from tests.assignments.rules import make_certified, make_rule
from tests.making import join, make_course, make_enrollment, make_hr, make_team, make_user
from tests.site.test_access import digests

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 30)


@pytest.fixture
def team(course):
    """Two new people, one enrolled, one exempt, and one whose certificate expires on 15 January."""
    team = make_team("Night shift", learners=2)
    for number in range(2):
        join(team, make_user())
        enrollment = enroll(team.people.latest("pk"), course)
        if number:
            exempt(enrollment, "Knows it", by=None)
    make_certified(course, team, date(2027, 1, 15))
    make_team("Elsewhere", learners=3)
    return team


def read_only(execute, sql, params, many, context):
    assert sql.split()[0] == "SELECT", sql
    return execute(sql, params, many, context)


def groups(preview):
    return {(group.words, str(group.because)): len(people) for group, people in preview.acts.items()}


def test_preview_lists_affected_and_skipped_people(course, team):
    rule = make_rule(course, is_on=False, team_id=team.pk, due="assignment", renewal="short", renewal_days=30)
    found = preview_rule(rule, MONDAY)
    assert groups(found) == {("is enrolled", "matches the rule and has not completed the course"): 2}
    assert found.left == {Because(RuleReason.IS_LEARNING): 1, Because(RuleReason.IS_EXEMPT): 1}
    [(coming, people)] = found.coming.items()
    assert (coming.words, coming.opens_on, len(people)) == ("a short renewal opens", date(2026, 12, 16), 1)
    # Three learners elsewhere and the two managers.
    assert found.outside == {Because(RuleReason.OTHER_TEAM): 4, Because(RuleReason.OTHER_ROLE): 1}
    assert found.days == [
        (MONDAY, [("is enrolled", 2)]),
        (date(2026, 12, 14), [("due date", 2)]),
        (date(2026, 12, 16), [("a short renewal opens", 1)]),
    ]


@pytest.mark.slow
def test_preview_writes_nothing(course, team):
    rule = make_rule(course, team_id=team.pk, renewal="short", renewal_days=60, exempts=True)
    before = digests()
    with connection.execute_wrapper(read_only):
        preview_rule(rule, MONDAY)
        preview_all(MONDAY)
        call_command("preview_rules", date=MONDAY, stdout=StringIO())
    assert digests() == before


def test_preview_considers_other_active_rules(course, team):
    early = make_rule(course, team_id=team.pk, due="assignment", due_days=7)
    late = make_rule(course, is_on=False, team_id=team.pk, due="assignment", due_days=28)
    [(group, people)] = preview_rule(late, MONDAY).acts.items()
    assert (group.kind, group.due.day, group.others, len(people)) == (ActionKind.ENROLL, date(2026, 12, 7), (early,), 2)
    early.switched_on_at = None
    early.save()
    [group] = preview_rule(late, MONDAY).acts
    assert (group.due.day, group.others) == (date(2026, 12, 28), ())


def test_preview_takes_same_queries_for_1_and_3_people(course, django_assert_num_queries):
    team = make_team(learners=1)
    rule = make_rule(course, team_id=team.pk)
    for learners in (0, 2):
        for _ in range(learners):
            join(team, make_user())
        with django_assert_num_queries(9):
            preview_rule(rule, MONDAY)


def test_digest_changes_only_with_actions(course, team):
    rule = make_rule(course, team_id=team.pk)
    first = preview_rule(rule, MONDAY).digest
    join(make_team("A third one"), make_user())
    assert preview_rule(rule, MONDAY).digest == first
    join(team, make_user())
    assert preview_rule(rule, MONDAY).digest != first


def test_command_prints_preview(course, team):
    rule = make_rule(course, is_on=False, team_id=team.pk, due="assignment", name="New people")
    printed = StringIO()
    call_command("preview_rules", date=MONDAY, rule=rule.pk, stdout=printed)
    first, second, *_rest = printed.getvalue().splitlines()
    assert first == f"{rule.pk} New people · 2026-11-30 · 2"
    assert second.startswith(
        "  2 is enrolled · matches the rule and has not completed the course · 2026-12-14 · Person "
    )
    printed = StringIO()
    call_command("preview_rules", stdout=printed)
    assert printed.getvalue() == "No rule is switched on.\n"


def test_command_explains_invalid_arguments():
    with pytest.raises(CommandError, match=r"argument --date: tomorrow: expected a day such as 2027-03-01"):
        call_command("preview_rules", "--date", "tomorrow")
    with pytest.raises(CommandError, match=r"There is no rule 9. There are: none."):
        call_command("preview_rules", rule=9)


# Random companies: the preview of a day equals what execution writes.


LEARNER, MANAGER = Membership.Role


def near(chance, days=40):
    return site_day() + timedelta(days=chance.randint(-days, days))


def make_person(chance, course, teams, hr):
    start, end = chance.choice([None, near(chance)]), chance.choice([None, None, near(chance)])
    person = make_user(job_role=chance.choice(["phone", ""]), starts_on=start, leaves_on=end)
    if team := chance.choice([*teams, None]):
        join(team, person, chance.choice([LEARNER, LEARNER, MANAGER]))
    kind, until = chance.choice(["", "", "open", "exempt", "certified", "certified", "outside"]), near(chance)
    if kind == "open":
        make_enrollment(person, course)
    if kind == "exempt":
        make_enrollment(person, course, exempted_at=timezone.now(), exemption_reason="On leave")
    if kind == "certified":
        enrollment = make_enrollment(person, course, completed_at=timezone.now() - timedelta(days=50))
        certificate = issue(enrollment, at=enrollment.completed_at)
        Certificate.objects.filter(pk=certificate.pk).update(valid_until=until)
        store_certifications([Certificate.objects.get(pk=certificate.pk)])
    if kind == "outside":
        fields = {"trained_on": site_day() - timedelta(days=60), "valid_until": until, "proof": "x"}
        record_external_training([ExternalTraining(person=person, course=course, **fields)], by=hr)


def make_random_rule(chance, course, teams):
    terms = {"team_id": chance.choice([None, *(team.pk for team in teams)]), "role": chance.choice(["", LEARNER])}
    terms |= {"job_role": chance.choice(["", "", "phone"]), "due_days": chance.randint(0, 30)}
    terms |= {"due": chance.choice(["start", "joining", "assignment", "quarter"]), "exempts": chance.random() < 0.7}
    if chance.random() < 0.7:
        terms |= {"renewal": chance.choice(["whole", "short"]), "renewal_days": chance.randint(1, 40)}
    make_rule(course, **terms)


def change_people(chance, teams):
    """Move some people, change job roles, mark some as left."""
    for person in User.objects.filter(is_staff=False).order_by("pk"):
        what = chance.choice(["", "", "move", "job_role", "gone"])
        if what == "move":
            person.memberships.all().delete()
            join(chance.choice(teams), person)
        if what == "job_role":
            User.objects.filter(pk=person.pk).update(job_role=chance.choice(["phone", "chat"]))
        if what == "gone":
            User.objects.filter(pk=person.pk).update(is_active=False)


def last_day(due_at):
    return due_at and due_at.astimezone(ZoneInfo(settings.TIME_ZONE)).date() - timedelta(days=1)


def previewed_actions(day):
    """{(person, action, due date, is short)} of all rules."""
    return {
        (person, group.kind.value, group.due and group.due.day, group.is_short and group.kind.value == "renew")
        for preview in preview_all(day)
        for group, people in preview.acts.items()
        for person in people
    }


def tables():
    return {row["id"]: row for row in Enrollment.objects.order_by("pk").values()}


def written_actions(before, after):
    """Read from tables only: a new enrollment beside a valid certificate is a renewal."""
    until = {}
    for person, day in Certificate.objects.values_list("enrollment__learner", "valid_until"):
        until[person] = day
    for person, day in ExternalTraining.objects.values_list("person", "valid_until"):
        until[person] = day
    found = set()
    for key, row in after.items():
        person = row["learner_id"]
        if key not in before:
            is_renewal = person in until and until[person] >= site_day()
            what = "renew" if is_renewal else "enroll"
            found.add((person, what, last_day(row["due_at"]), row["required"] is not None))
        elif row["exempted_at"] and not before[key]["exempted_at"]:
            found.add((person, "exempt", None, False))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_preview_matches_execution_and_emails(seed, time_machine):
    time_machine.move_to(datetime(2026, 11, 25, 3, 0, tzinfo=ZoneInfo("UTC")), tick=False)
    chance, course, hr = random.Random(seed), make_course(), make_hr()
    teams = [make_team("Service")]
    teams += [make_team("Night", parent=teams[0]), make_team("Stores")]
    for _number in range(9):
        make_person(chance, course, teams, hr)
    for _number in range(chance.randint(1, 3)):
        make_random_rule(chance, course, teams)
    execution.act(site_day())  # so that there are enrollments by rules
    time_machine.shift(timedelta(days=chance.randint(1, 9)))
    change_people(chance, teams)
    before, letters_before = tables(), set(OutgoingEmail.objects.values_list("pk", flat=True))
    previewed = previewed_actions(site_day())
    assert tables() == before  # the preview writes nothing
    execution.act(site_day())
    after = tables()
    assert written_actions(before, after) == previewed
    new = {row["id"]: row["learner_id"] for key, row in after.items() if key not in before}
    written = OutgoingEmail.objects.filter(kind__in=["enrolled", "renewal-open"])
    notified = {enrollment: email.person_id for email in written for enrollment in email.data["subjects"]}
    assert {enrollment: person for enrollment, person in notified.items() if enrollment in new} == new
    fresh = written.exclude(pk__in=letters_before)
    assert {email.person_id for email in fresh} <= set(new.values())
    execution.act(site_day())
    assert tables() == after
