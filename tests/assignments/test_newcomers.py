"""A new person comes in by one form: added, in a team, enrolled, and told by one letter, once."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from courseware.accounts.models import Membership, User
from courseware.evidence.models import Event
from courseware.learning.models import Enrollment
from courseware.lib.dates import site_day
from courseware.outbox.models import Message
from tests.making import letters, make_admin, make_course, make_editor, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
PAGE = reverse("assignments:new-person")


@pytest.fixture
def hr(client):
    person = make_hr(name="Yang Lan", language="en")
    client.force_login(person)
    return person


def filled_in(**changes):
    fields = {"name": "Zhang Nan", "sign_in_name": "zhang.nan@example.com", "language": "en", "days": "14"}
    return fields | changes


def send(client, **changes):
    """As the page in the browser would, with what it had hidden."""
    drawn_at = client.get(PAGE).context["form"].initial["drawn_at"]
    return client.post(PAGE, filled_in(drawn_at=drawn_at) | changes, follow=True)


def words(response):
    return [str(message) for message in response.context["messages"]]


def told():
    return list(Message.objects.order_by("pk").values_list("kind", "address"))


def test_one_press_adds_enrolls_and_tells_in_one_letter_signed_by_the_lead(client, hr):
    course, team = make_course(), make_team("Night shift", manager=make_user("Li Lin"), time_zone="America/New_York")
    due_on = site_day() + timedelta(days=20)
    _, (post, _) = client.get(PAGE).context["form"].fields["post"].choices[:2]
    response = send(client, team=team.pk, courses=[course.pk], due_on=due_on, post=post)
    assert words(response) == ["Zhang Nan is here now, and the letter is on its way."]
    person = User.objects.get(email="zhang.nan@example.com")
    enrollment = Enrollment.objects.get()
    assert (person.name, person.language, person.post, person.has_usable_password()) == ("Zhang Nan", "en", post, False)
    assert list(person.memberships.values_list("team", "role")) == [(team.pk, Membership.Role.LEARNER)]
    assert (enrollment.learner, enrollment.course, enrollment.due_on) == (person, course, due_on)
    assert str(enrollment.zone) == "America/New_York"
    assert told() == [("enrolled", "zhang.nan@example.com")]
    assert letters()[0].subject.startswith("Li Lin asks you to finish")
    assert {(event.verb, event.actor) for event in Event.objects.exclude(actor=None)} == {
        ("person-added", hr), ("membership-added", hr), ("enrolled", hr),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ({"days": "14"}, 14),
        ({"days": "14", "starts_on": "2030-01-31"}, date(2030, 2, 14)),
        ({"days": "14", "due_on": "2030-03-01"}, date(2030, 3, 1)),
        ({"days": ""}, None),
    ],
)
def test_the_due_day_is_so_many_days_after_the_first_or_the_one_given(client, hr, fields, days):
    send(client, courses=[make_course().pk], **fields)
    expected = site_day() + timedelta(days=days) if isinstance(days, int) else days
    assert Enrollment.objects.get().due_on == expected


@pytest.mark.parametrize("field", ["starts_on", "due_on"])
@pytest.mark.parametrize("page", [PAGE, reverse("assignments:new-people")])
def test_a_day_beyond_ten_years_is_refused_at_its_field(client, hr, page, field):
    sent = filled_in(people="Zhang Nan, zhang.nan@example.com", courses=[make_course().pk], act="go")
    response = client.post(page, sent | {field: "9999-12-31"})
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])
    assert User.objects.count() == 1


def test_without_a_course_the_plain_invitation_goes_out(client, hr):
    send(client)
    assert told() == [("invitation", "zhang.nan@example.com")]


def test_added_quietly_nobody_is_told_and_no_course_begun(client, hr):
    response = send(client, courses=[make_course().pk], act="quietly")
    assert words(response) == ["Zhang Nan is here now. No letter was sent, and no course was begun."]
    assert (User.objects.filter(name="Zhang Nan").count(), told(), Enrollment.objects.count()) == (1, [], 0)


def test_a_staff_number_will_do_and_the_page_says_that_no_letter_goes(client, hr):
    response = send(client, sign_in_name="ａ 0012", courses=[make_course().pk])
    assert words(response) == [
        "Zhang Nan is here now. Without an address no letter can go out: give a code to sign in with."
    ]
    person = User.objects.get(staff_number="A0012")
    assert (person.email, person.enrollments.count()) == (None, 1)
    assert letters() == []


def test_sent_twice_a_form_adds_one_person_and_says_the_same(client, hr):
    fields = filled_in(drawn_at=client.get(PAGE).context["form"].initial["drawn_at"], courses=[make_course().pk])
    answers = [words(client.post(PAGE, fields, follow=True)) for _ in range(2)]
    assert answers == [["Zhang Nan is here now, and the letter is on its way."]] * 2
    assert (User.objects.filter(name="Zhang Nan").count(), Enrollment.objects.count()) == (1, 1)
    assert told() == [("enrolled", "zhang.nan@example.com")]


def test_a_page_gone_back_to_says_nothing_is_done_that_is_not(client, hr):
    course, drawn_at = make_course(), client.get(PAGE).context["form"].initial["drawn_at"]
    fields = filled_in(drawn_at=drawn_at)
    client.post(PAGE, fields | {"act": "quietly"})
    for asked in ({}, {"courses": [course.pk]}):
        response = client.post(PAGE, fields | asked)
        assert (response.status_code, "Enroll Zhang Nan instead" in response.text) == (422, True)
    assert client.post(PAGE, fields | {"act": "instead"}).status_code == 422
    response = client.post(PAGE, fields | {"courses": [course.pk], "act": "instead"}, follow=True)
    assert words(response) == ["Zhang Nan was here already and is enrolled now."]
    assert (Enrollment.objects.count(), told()) == (1, [("enrolled", "zhang.nan@example.com")])


def test_somebody_who_is_here_already_is_named_and_enrolled_instead(client, hr):
    course, person = make_course(), make_user("Wang Ming", email="zhang.nan@example.com")
    response = send(client, courses=[course.pk])
    page = response.content.decode()
    assert response.status_code == 422
    assert "zhang.nan@example.com is Wang Ming." in page
    assert "Enroll Wang Ming instead" in page
    assert Enrollment.objects.count() == 0
    response = send(client, courses=[course.pk], act="instead")
    assert words(response) == ["Wang Ming was here already and is enrolled now."]
    assert Enrollment.objects.get().learner == person
    assert User.objects.filter(name="Zhang Nan").count() == 0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (make_admin, "This account is for an admin alone."),
        (make_editor, "This account is for an admin alone."),
        (lambda **fields: make_user(is_active=False, **fields), "This person has left the firm."),
    ],
)
def test_human_resources_enroll_neither_staff_nor_who_has_left(client, hr, make, said):
    make(email="zhang.nan@example.com")
    course = make_course()
    for act in ("", "instead"):
        response = send(client, courses=[course.pk], act=act)
        page = response.content.decode()
        assert (response.status_code, said in page, "instead</button>" in page) == (422, True, False)
    assert Enrollment.objects.count() == 0


WRONG = {
    "name": [" "],
    "sign_in_name": ["", "wang@", "a b@example.com", "9" * 41, "\x00"],
    "days": ["0", "-1", "x", "1001"],
    "due_on": ["2020-01-01", "31.12.2030", "0000-00-00"],
    "starts_on": ["tomorrow"],
    "language": ["xx", ""],
    "team": ["0", "x"],
    "courses": ["0", "x"],
    "post": ["nobody"],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_what_cannot_be_is_refused_at_its_field_and_the_rest_stays_typed(client, hr, field, value):
    response = send(client, **{field: value})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert (b"Zhang Nan" in response.content) is (field != "name")
    assert User.objects.count() == 1


def test_a_first_day_so_long_ago_that_the_due_day_is_over_is_refused(client, hr):
    response = send(client, starts_on="2020-01-01", courses=[make_course().pk])
    assert list(response.context["form"].errors) == ["days"]
