"""A manager extends a due date; an editor corrects a sentence."""

import csv
import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from courseware.audit_log.models import Event
from courseware.learning.enrollments import enrollment
from courseware.learning.models import Enrollment
from tests.browser.courses import make_tea_room
from tests.making import days, join, make_editor, make_team, make_user


@pytest.fixture
def course(site):
    return make_tea_room()


@pytest.fixture
def team(course):
    """3 learners: one overdue, one in time, one without a due date."""
    team = make_team("Night shift")
    for name, due in {"Late Larry": -2, "Early Edna": 9, "Free Fred": None}.items():
        person = make_user(name)
        join(team, person)
        enrollment.enroll(person, course, due_at=days(due) if due else None)
    return team


def test_manager_filters_exports_and_extends(visit, team):
    page = visit(team.manager, accept_downloads=True)
    page.goto("/team/")
    expect(page.get_by_role("row")).to_have_count(4)
    page.get_by_label("Status").select_option(label="overdue")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page).to_have_url(re.compile("state=overdue"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    assert names_in(download.value) == ["Late Larry"]
    page.get_by_role("rowheader").get_by_role("link", name="Late Larry").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Late Larry")
    day = timezone.localdate() + timedelta(days=20)
    page.get_by_label("New due date").fill(day.isoformat())
    page.get_by_role("button", name="Change due date").click()
    expect(page.get_by_role("main").get_by_text("overdue")).to_have_count(0)
    assert Enrollment.objects.get(learner__name="Late Larry").due_on == day
    verbs = list(Event.objects.filter(actor=team.manager).values_list("verb", flat=True))
    assert verbs == ["dashboard-exported", "record-viewed", "extended"]


def names_in(download):
    """Return the first column of the file without its header."""
    with open(download.path(), encoding="utf-8-sig", newline="") as file:
        return [row[0] for row in csv.reader(file)][1:]


@pytest.mark.slow
def test_corrected_sentence_is_visible_after_publishing(visit, course):
    learner = make_user("Lea Learner")
    enrollment.enroll(learner, course)
    reader, page = visit(learner), visit(make_editor(name="Ed Editor"))
    open_the_editor(page)
    write(page, "The kettle is empty", "There is no water left")
    expect(page.locator("#preview")).to_contain_text("There is no water left")
    page.get_by_role("button", name="Save draft").click()
    message = "Saved as revision 2. Learners see it when it is published."
    expect(page.locator("[role=status]:focus")).to_contain_text(message)
    expect(page).to_have_title(re.compile("^Done: "))
    reader.goto("/learn/tea-room/boiling/")
    expect(reader.get_by_role("article")).to_contain_text("The kettle is empty")
    publish(page)
    reader.reload()
    expect(reader.get_by_role("article")).to_contain_text("There is no water left")


def open_the_editor(page):
    page.goto("/admin/")
    page.get_by_role("main").get_by_role("link", name="Documents", exact=True).click()
    page.get_by_role("searchbox").or_(page.locator("#searchbar")).first.fill("kettle is empty")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="boiling").click()
    page.get_by_role("button", name="English").click()


def write(page, old, new):
    text = page.locator("#text-en")
    text.fill(text.input_value().replace(old, new))


def publish(page):
    page.get_by_role("link", name="Publish…").click()
    expect(page.get_by_role("checkbox", name="boiling")).to_be_checked()
    expect(page.get_by_role("radio", name="none: the change affects nobody")).to_be_checked()
    page.get_by_label("what changed, and why").fill("Mended a sentence")
    page.get_by_label("I have checked which people this change affects.").check()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Learners now see release 2.")).to_be_visible()
