"""Bulk enrollment of a team: the open page processes it batch by batch."""

import re

import pytest
from playwright.sync_api import expect

from courseware.learning.enrollments import enrollment
from courseware.learning.models import Enrollment
from tests.browser.courses import make_tea_room
from tests.making import join, make_admin, make_team, make_user

PEOPLE = 9


@pytest.fixture
def address(site, monkeypatch):
    monkeypatch.setattr(enrollment, "BATCH", 2)
    team = make_team()
    for _ in range(PEOPLE):
        join(team, make_user(password=None))
    order = enrollment.begin_enrolling([team], make_tea_room(), due_on=None)
    return f"/admin/accounts/team/enrolling/{order.pk}/"


def expect_complete(page):
    return expect(page.get_by_text(f"{PEOPLE} people were enrolled."))


@pytest.mark.slow
def test_two_open_pages_enroll_each_person_once(visit, address):
    admin = make_admin()
    pages = [visit(admin), visit(admin)]
    for page in pages:
        page.goto(address, wait_until="commit")
    for page in pages:
        expect_complete(page).to_be_visible()
    assert Enrollment.objects.count() == PEOPLE
    assert enrollment.BulkEnrollment.objects.get().enrolled == PEOPLE


@pytest.mark.slow
@pytest.mark.parametrize("status", [None, 503], ids=["no network", "the database is away"])
def test_failed_request_is_retried(visit, address, status):
    page = visit(make_admin())
    page.clock.install()
    failed = []

    def fail_once(route):
        if route.request.method == "GET" or len(failed) == 1:
            return route.continue_()
        failed.append(route.request.url)
        return route.fulfill(status=status) if status else route.abort()

    page.route(re.compile("enrolling"), fail_once)
    with page.expect_request(lambda request: request.method == "POST"):
        page.goto(address)
    expect(page.get_by_text(f"{PEOPLE} more people will be enrolled.")).to_be_visible()
    page.clock.fast_forward(10_000)
    expect_complete(page).to_be_visible()
    assert len(failed) == 1
