"""The situations in which a page saves by itself and once more, by its script (live) and by its form."""

import pytest
from bs4 import BeautifulSoup
from django.core.management import call_command

from courseware.assessment import attempting
from courseware.assessment.models import Attempt
from tests.assessment.exams import make_course, ready, start
from tests.making import make_user

pytestmark = pytest.mark.django_db
FIRST, OTHER, NOTHING = "0", "1", ""


@pytest.fixture
def attempt(client):
    learner = make_user()
    client.force_login(learner)
    return start(ready(make_course(), learner))


class Page:
    """The first question of the attempt in one tab."""

    def __init__(self, client, attempt):
        self.client, self.address = client, f"/attempts/{attempt.pk}/"
        self.read(client.get(f"{self.address}?question=1"))

    def read(self, response):
        found = BeautifulSoup(response.content, "html.parser")
        names = ("saves", "page", "sent")
        fields = [
            (name, found.select_one(f"#answer [name={name}]") or found.select_one(f"[name={name}]")) for name in names
        ]
        self.fields = getattr(self, "fields", {}) | {name: field["value"] for name, field in fields if field}
        self.ticked = next((field["value"] for field in found.select("#answer [name=choice][checked]")), NOTHING)

    def send(self, choice, *, is_live, is_lost=False):
        fields = self.fields | ({"choice": choice} if choice else {})
        response = self.client.post(f"{self.address}1/", fields, headers={"hx-request": "true"} if is_live else {})
        if is_lost:
            self.fields["sent"] = str(int(self.fields["sent"]) + 1)
        elif is_live and response.status_code == 200:
            self.read(response)
        return response.status_code

    def live(self, choice, **how):
        return self.send(choice, is_live=True, **how)

    def form(self, choice):
        return self.send(choice, is_live=False)


def kept(attempt):
    """The choice as its form sends it."""
    response = attempt.responses.get(position=1)
    return NOTHING if response.response is None else str(response.order.index(response.response[0]))


def test_what_was_saved_by_itself_is_shown_when_the_page_is_opened_again(client, attempt):
    assert Page(client, attempt).live(OTHER) == 200
    assert Page(client, attempt).ticked == OTHER


@pytest.mark.parametrize("is_lost", [False, True], ids=["heard", "its reply lost"])
@pytest.mark.parametrize("second", [OTHER, FIRST, NOTHING], ids=["other", "the same", "as it was at first"])
@pytest.mark.parametrize(("send", "taken"), [(Page.live, 200), (Page.form, 302)], ids=["live", "by the form"])
def test_after_a_save_by_itself_the_next_one_of_the_same_page_counts(client, attempt, second, send, taken, is_lost):
    page = Page(client, attempt)
    assert page.live(FIRST, is_lost=is_lost) == 200
    assert kept(attempt) == FIRST
    assert send(page, second) == taken
    assert kept(attempt) == second
    assert Page(client, attempt).ticked == second


@pytest.mark.parametrize(("send", "refused"), [(Page.live, 409), (Page.form, 409)], ids=["live", "by the form"])
@pytest.mark.parametrize("stale", [OTHER, NOTHING], ids=["other", "nothing"])
def test_a_page_with_an_older_number_changes_nothing(client, attempt, send, refused, stale):
    old, new = Page(client, attempt), Page(client, attempt)
    assert new.live(FIRST) == 200
    assert send(old, stale) == refused
    assert kept(attempt) == FIRST


@pytest.mark.parametrize("number", [FIRST, OTHER])
def test_what_was_saved_by_itself_is_what_is_handed_in_and_graded_the_same_again(client, attempt, number):
    Page(client, attempt).live(number)
    response = attempt.responses.select_related("bank").get(position=1)
    is_right = attempting.is_right(attempt, response, "zh-hans")
    client.post(f"/attempts/{attempt.pk}/submit/")
    assert Attempt.objects.get(pk=attempt.pk).points == is_right
    call_command("check_records")  # grades everything again


def test_a_save_that_comes_after_handing_in_changes_nothing_and_leads_to_the_result(client, attempt):
    page = Page(client, attempt)
    page.live(FIRST)
    client.post(f"/attempts/{attempt.pk}/submit/")
    for send in (page.live, page.form):
        assert send(OTHER) in (200, 302)
        assert kept(attempt) == FIRST
    result = client.get(f"/attempts/{attempt.pk}/", follow=True)
    assert result.redirect_chain == [(f"/attempts/{attempt.pk}/result/", 302)]
