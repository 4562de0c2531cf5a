"""Pages for merging two accounts: comparison, result and undo."""

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from courseware.accounts.models import AccountMerge, User
from courseware.hr.people.account_merge import merge
from courseware.learning.due_dates.absence_shifts import record_absence
from courseware.learning.enrollments.enrollment import enroll
from courseware.learning.models import Enrollment
from tests.counting import statements
from tests.hr.two_accounts import another_course
from tests.making import days, join, make_admin, make_course, make_editor, make_team, make_user
from tests.world import finish_lessons

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client, hr, settings):
    settings.REQUIRE_REAUTHENTICATION = False
    client.force_login(hr)
    return client


@pytest.fixture
def kept():
    return member("Wang Xiaoming", "wang@example.com")


@pytest.fixture
def other():
    return member("Xiaoming Wang", "x.wang@example.com")


def member(name, email):
    person = make_user(name, email=email, language="en")
    join(make_team(f"Team of {name}"), person)
    return person


def main(response):
    return " ".join(BeautifulSoup(response.content, "html.parser").main.text.split())


def messages(response):
    return [each.text for each in BeautifulSoup(response.content, "html.parser").select(".message")]


def address(person, other=None):
    return f"/people/{person.pk}/merge/" + (f"?other={other.email}" if other else "")


def test_page_compares_accounts_before_merge(signed_in, kept, other):
    course = make_course()
    enroll(kept, course)
    finish_lessons(enroll(other, course))
    page = signed_in.get(address(kept, other))
    words = main(page)
    for each in (
        "Wang Xiaoming",
        "x.wang@example.com",
        "Team of Xiaoming Wang",
        "After the merge, this person signs in as wang@example.com only. "
        "If the person signs in as x.wang@example.com, a message tells the person to use wang@example.com.",
        "Rules of the tea room: the enrollment of the account x.wang@example.com counts. "
        "The enrollment of the account wang@example.com is closed with the status “merged”.",
        "You can undo the merge within 24 hours.",
    ):
        assert each in words
    assert not AccountMerge.objects.exists()


def test_page_shows_which_absences_still_count(signed_in, hr, kept, other):
    now = timezone.now()
    for person, first in ((kept, 3), (other, 9)):
        record_absence(person, days(first).date(), days(first + 1).date(), why=f"why {first}", by=hr, at=now)
    page = BeautifulSoup(signed_in.get(address(kept, other)).content, "html.parser")
    lines = [[" ".join(li.text.split()) for li in side.select(".lines li")] for side in page.select(".sheets section")]
    assert ["why 3" in lines[0][-1], "no longer counts" in lines[0][-1]] == [True, False]
    assert ["why 9" in lines[1][-1], "no longer counts" in lines[1][-1]] == [True, True]
    assert "If an absence of the other account still applies, record it in the account that stays." in page.main.text


def test_merge_is_shown_on_pages_of_both_accounts(signed_in, kept, other):
    enrollment = enroll(other, make_course())
    done = signed_in.post(address(kept), {"other": "X.Wang@example.com"}, follow=True)
    assert messages(done) == ["The account x.wang@example.com was merged into the account of Wang Xiaoming."]
    assert "Aliases: Xiaoming Wang x.wang@example.com" in main(done)
    assert "enrollment moved to this account by a merge" not in main(done)  # an event of the enrollment
    assert "another account merged into this account" in main(done)
    assert "this account merged into another account" in main(done)  # audit log of both accounts
    words = main(signed_in.get(f"/people/{other.pk}/"))
    assert "This account was merged into the account of Wang Xiaoming (wang@example.com)." in words
    assert "Mark as returned" not in words
    assert Enrollment.objects.get(pk=enrollment.pk).learner == kept


def test_closed_enrollment_is_shown_as_merged(signed_in, hr, kept, other):
    course = make_course()
    enroll(kept, course)
    finish_lessons(enroll(other, course))
    merge(kept, other, by=hr)
    page = BeautifulSoup(signed_in.get(f"/people/{kept.pk}/").content, "html.parser")
    assert [tag.text for tag in page.select("main .lines .tag")] == ["in progress", "merged"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("nobody@example.com", "No account has this email address or staff number. Check it in the list of people."),
        ("wang@example.com", "Choose two different accounts."),
        ("ed@example.com", "Accounts of admins and auditors cannot be merged."),
        ("", "This field is required."),
        ("x\0@example.com", "Null characters are not allowed."),
    ],
)
@pytest.mark.parametrize("is_sent", [False, True])
def test_invalid_choice_is_refused_on_page(signed_in, kept, typed, sentence, is_sent):
    make_editor(email="ed@example.com")
    ask = signed_in.post if is_sent else signed_in.get
    refused = ask(f"/people/{kept.pk}/merge/", {"other": typed})
    assert (refused.status_code, refused.context["form"].errors) == (422 if is_sent else 200, {"other": [sentence]})
    assert not AccountMerge.objects.exists()


def test_merge_is_undone_once_from_list(signed_in, hr, kept, other):
    row = merge(kept, other, by=hr)
    page = BeautifulSoup(signed_in.get("/people/merges/").content, "html.parser")
    [form] = page.select("main form")
    assert form.text.strip() == "Undo the merge with x.wang@example.com"
    done = signed_in.post(form["action"], follow=True)
    assert messages(done) == ["wang@example.com and x.wang@example.com are two separate accounts again."]
    assert "undone" in main(done)
    assert messages(signed_in.post(form["action"], follow=True)) == ["This merge was already undone."]
    assert AccountMerge.objects.get().undone_at
    assert row.pk == AccountMerge.objects.get().pk


def test_duplicates_are_suggested_until_merged(signed_in, kept, other):
    page = signed_in.get("/people/merges/")
    [link] = BeautifulSoup(page.content, "html.parser").select("main .lines a")
    assert link["href"] == f"/people/{kept.pk}/merge/?other=x.wang%40example.com"
    signed_in.post(address(kept), {"other": other.email})
    assert "No duplicate accounts found." in main(signed_in.get("/people/merges/"))


def test_only_admin_undoes_merge_of_staff(client, signed_in, hr, kept, other):
    row = merge(kept, other, by=hr)
    User.objects.filter(pk=kept.pk).update(is_staff=True)
    assert "Undo" not in main(signed_in.get("/people/merges/"))
    assert signed_in.post(f"/people/merges/{row.pk}/undo/").status_code == 404
    client.force_login(make_admin())
    assert client.post(f"/people/merges/{row.pk}/undo/").status_code == 302


@pytest.mark.slow
def test_pages_take_same_queries_for_1_and_3_merges(signed_in, hr, kept, other):
    def query_counts():
        pages = (address(kept, other), "/people/merges/", f"/people/{kept.pk}/")
        return [statements(lambda page=page: signed_in.get(page)) for page in pages]

    def add():
        name = f"room-{Enrollment.objects.count()}".encode()
        course = another_course(name)
        enroll(kept, course)
        finish_lessons(enroll(other, course))
        merge(kept, make_user(), by=hr)

    add()
    query_counts()  # fill the caches of courses
    once = query_counts()
    add()
    add()
    query_counts()
    assert query_counts() == once
