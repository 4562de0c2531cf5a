"""The list of enrollments in the admin tells who is certified, and courses by their titles."""

from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone
from django.utils.formats import date_format

from courseware.assessment.models import Certificate
from courseware.assessment.standing import keep_standings
from tests.language.samples import make_files
from tests.making import make_admin, make_course, make_enrollment, make_user
from tests.world import complete_course

pytestmark = pytest.mark.django_db
LIST = "/admin/learning/enrollment/"


def certified(name, until, course):
    run = make_enrollment(make_user(name), course)
    complete_course(run)
    Certificate.objects.filter(enrollment=run).update(valid_until=until)
    keep_standings(Certificate.objects.get(enrollment=run))
    return run


def listed(client, query=""):
    """(name, state, certified until) of each row."""
    rows = BeautifulSoup(client.get(LIST + query).content, "html.parser").select("#result_list tbody tr")
    cells = [[row.select_one(f".field-{name}").text for name in ("learner", "state", "certified")] for row in rows]
    return {(learner.split(" (")[0], state, until) for learner, state, until in cells}


def test_the_list_of_enrollments_says_and_filters_who_is_certified_by_the_newest_run(client):
    course, today = make_course(), timezone.localdate()
    ends = {"Soon": today + timedelta(days=9), "Ended": today - timedelta(days=1), "Always": None}
    runs = {name: certified(name, until, course) for name, until in ends.items()}
    make_enrollment(runs["Soon"].learner, course)
    make_enrollment(make_user("New"), course)
    client.force_login(make_admin())
    found = {query: len(listed(client, f"?state={query}")) for query in ("", "certified", "ending", "ended", "never")}
    assert found == {"": 5, "certified": 2, "ending": 1, "ended": 1, "never": 1}
    assert {row[1:] for row in listed(client, "?state=ending")} == {("renewal open", formatted(ends["Soon"]))}
    assert {row[1:] for row in listed(client, "?state=renewing")} == {("renewal open", formatted(ends["Soon"]))}
    assert ("completed", "no end") in {row[1:] for row in listed(client, "?state=certified")}


def test_where_certificates_end_the_list_stands_by_their_last_days_and_else_by_urgency(client):
    course, today = make_course(), timezone.localdate()
    for number, name in ((9, "Later"), (2, "Soon"), (5, "Then")):
        certified(name, today + timedelta(days=number), course)
    client.force_login(make_admin())

    def order(query):
        rows = client.get(LIST + query).context["cl"].result_list
        return [row.learner.name for row in rows]

    assert order("?state=ending") == order("?state=certified") == ["Soon", "Then", "Later"]
    assert order("") == order("?state=completed") == order("?state=nonsense") == ["Later", "Soon", "Then"]


def formatted(day: date):
    return date_format(day, "DATE_FORMAT")


@pytest.mark.parametrize("path", ["content/document", "content/revision", "content/release", "learning/lessonreport"])
def test_lists_of_the_admin_are_filtered_by_the_title_of_a_course(client, path):
    make_course()
    files = make_files()
    files["course.en.md"] = files["course.en.md"].replace(b"Rules of the tea room", b"Rules of the other room")
    make_course({name: data.replace(b"id: tea-room", b"id: other-room") for name, data in files.items()})
    client.force_login(make_admin())
    page = BeautifulSoup(client.get(f"/admin/{path}/").content, "html.parser")
    words = {link.text for link in page.select("#changelist-filter a")}
    assert {"Rules of the tea room", "Rules of the other room"} <= words
    assert not {"tea-room", "other-room"} & words
