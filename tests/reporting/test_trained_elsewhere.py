"""What was learned elsewhere is marked as such wherever a standing is shown, and is never a certificate."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from courseware.assessment.models import Certificate, OutsideTraining
from courseware.assessment.outside_records import record_outside, withdraw_outside
from courseware.reporting import exports
from tests.making import join, make_enrollment, make_hr, make_team, make_user
from tests.reporting.test_standing import rows_shown_to

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def team():
    team = make_team(manager=make_user("Mia"))
    team.manager = team.memberships.get(role="manager").person
    return team


def learner(team, course, name, *ends, **fields):
    """Trained elsewhere, until these days."""
    person, today = make_user(name), timezone.localdate()
    join(team, person)
    run = make_enrollment(person, course, **fields)
    for number, until in enumerate(ends):
        said = {"trained_on": today - (9 + number) * DAY, "valid_until": until, "proof": "List of the former firm"}
        record_outside([OutsideTraining(person=person, course=course, **said)], by=make_hr(name="Hana"))
    return run


def taken_back(run):
    withdraw_outside(OutsideTraining.objects.get(person=run.learner), reason="Another Lea", by=make_hr())
    return run


def page(person, address):
    client = Client()
    client.force_login(person)
    return BeautifulSoup(client.get(address).content, "html.parser").main.get_text(" ", strip=True)


def test_board_and_file_say_of_whom_it_certifies_that_it_was_elsewhere(team, course):
    today = timezone.localdate()
    learner(team, course, "Holds", today)
    learner(team, course, "Ended", today - DAY)
    taken_back(learner(team, course, "Wrong", None))
    learner(team, course, "Never")
    rows = rows_shown_to(team.manager)
    column = exports.headings("en").index("Certified")
    assert {row[0]: row[column] for row in list(exports.texts(rows, "en"))[1:]} == {
        "Holds": "yes, trained elsewhere", "Ended": "no", "Wrong": "", "Never": "",
    }  # fmt: skip
    assert page(team.manager, "/team/").count("trained elsewhere") == 1


def test_manager_and_learner_read_what_it_was_by_whom_and_until_when_but_only_the_learner_why_it_was_wrong(
    team, course
):
    run = learner(team, course, "Lea", timezone.localdate() + DAY)
    address, own = f"/team/people/{run.pk}/", "/learn/tea-room/record/"
    for person, where in ((team.manager, address), (run.learner, own)):
        said = page(person, where)
        assert "Trained elsewhere on" in said and "List of the former firm · recorded by Hana" in said
    taken_back(run)
    assert "Another Lea" in page(run.learner, own)
    assert "Another Lea" not in page(team.manager, address)
    assert "List of the former firm" not in page(team.manager, address)


def test_the_first_page_of_a_renewal_says_that_one_is_certified_and_shows_no_certificate(team, course):
    until = timezone.localdate() + DAY
    run = learner(team, course, "Lea", until, renews_until=until)
    beside = learner(team, course, "Bo", renews_until=until)
    said = "You are certified until"
    assert said in page(run.learner, "/") and "Open the certificate" not in page(run.learner, "/")
    assert said not in page(beside.learner, "/")
    taken_back(run)
    assert said not in page(run.learner, "/")
    assert not Certificate.objects.exists()
