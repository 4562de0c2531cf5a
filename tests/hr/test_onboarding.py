"""Adding new people by form or pasted list: account, team, enrollment and one email."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from courseware.accounts.models import Membership, Team, User
from courseware.audit_log.models import Event
from courseware.hr.people.onboarding import read_rows
from courseware.learning.models import Enrollment
from courseware.lib.dates import site_day
from courseware.notifications.models import OutgoingEmail
from tests.making import make_admin, make_course, make_editor, make_team, make_user, sent_emails

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hr_signed_in")]
PAGE = reverse("hr:new-person")


def filled_in(**changes):
    fields = {"name": "Zhang Nan", "sign_in_name": "zhang.nan@example.com", "language": "en", "days": "14"}
    return fields | changes


def send(client, **changes):
    """Submit the form with its hidden field."""
    drawn_at = client.get(PAGE).context["form"].initial["drawn_at"]
    return client.post(PAGE, filled_in(drawn_at=drawn_at) | changes, follow=True)


def messages(response):
    return [str(message) for message in response.context["messages"]]


def emails():
    return list(OutgoingEmail.objects.order_by("pk").values_list("kind", "address"))


def test_person_is_added_enrolled_and_emailed_once(client, hr):
    course, team = make_course(), make_team("Night shift", manager=make_user("Li Lin"), time_zone="America/New_York")
    due_on = site_day() + timedelta(days=20)
    _, (job_role, _) = client.get(PAGE).context["form"].fields["job_role"].choices[:2]
    response = send(client, team=team.pk, courses=[course.pk], due_on=due_on, job_role=job_role)
    assert messages(response) == ["Zhang Nan is added, and the invitation email will be sent soon."]
    person = User.objects.get(email="zhang.nan@example.com")
    enrollment = Enrollment.objects.get()
    assert (person.name, person.language, person.job_role, person.has_usable_password()) == (
        "Zhang Nan",
        "en",
        job_role,
        False,
    )
    assert list(person.memberships.values_list("team", "role")) == [(team.pk, Membership.Role.LEARNER)]
    assert (enrollment.learner, enrollment.course, enrollment.due_on) == (person, course, due_on)
    assert str(enrollment.zone) == "America/New_York"
    assert emails() == [("enrolled", "zhang.nan@example.com")]
    assert sent_emails()[0].subject.startswith("Li Lin asks you to finish")
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
def test_due_date_is_given_or_counts_from_first_day(client, fields, days):
    send(client, courses=[make_course().pk], **fields)
    expected = site_day() + timedelta(days=days) if isinstance(days, int) else days
    assert Enrollment.objects.get().due_on == expected


@pytest.mark.parametrize("field", ["starts_on", "due_on"])
@pytest.mark.parametrize("page", [PAGE, reverse("hr:new-people")])
def test_date_beyond_10_years_is_refused(client, page, field):
    sent = filled_in(people="Zhang Nan, zhang.nan@example.com", courses=[make_course().pk], act="go")
    response = client.post(page, sent | {field: "9999-12-31"})
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])
    assert User.objects.count() == 1


def test_person_without_course_gets_invitation(client, hr):
    send(client)
    assert emails() == [("invitation", "zhang.nan@example.com")]


def test_quiet_add_sends_no_email_and_enrolls_nobody(client):
    response = send(client, courses=[make_course().pk], act="quietly")
    assert messages(response) == ["Zhang Nan is added. No email was sent, and there is no enrollment yet."]
    assert (User.objects.filter(name="Zhang Nan").count(), emails(), Enrollment.objects.count()) == (1, [], 0)


def test_person_with_staff_number_gets_no_email(client, hr):
    response = send(client, sign_in_name="ａ 0012", courses=[make_course().pk])
    assert messages(response) == ["Zhang Nan is added. The person has no email address, so give them a sign-in code."]
    person = User.objects.get(staff_number="A0012")
    assert (person.email, person.enrollments.count()) == (None, 1)
    assert sent_emails() == []


def test_form_sent_twice_adds_one_person(client):
    fields = filled_in(drawn_at=client.get(PAGE).context["form"].initial["drawn_at"], courses=[make_course().pk])
    answers = [messages(client.post(PAGE, fields, follow=True)) for _ in range(2)]
    assert answers == [["Zhang Nan is added, and the invitation email will be sent soon."]] * 2
    assert (User.objects.filter(name="Zhang Nan").count(), Enrollment.objects.count()) == (1, 1)
    assert emails() == [("enrolled", "zhang.nan@example.com")]


def test_form_sent_again_with_changes_asks_first(client, hr):
    course, drawn_at = make_course(), client.get(PAGE).context["form"].initial["drawn_at"]
    fields = filled_in(drawn_at=drawn_at)
    client.post(PAGE, fields | {"act": "quietly"})
    for asked in ({}, {"courses": [course.pk]}):
        response = client.post(PAGE, fields | asked)
        assert (response.status_code, "Enroll Zhang Nan instead" in response.text) == (422, True)
    assert client.post(PAGE, fields | {"act": "instead"}).status_code == 422
    response = client.post(PAGE, fields | {"courses": [course.pk], "act": "instead"}, follow=True)
    assert messages(response) == ["Zhang Nan already had an account and is now enrolled."]
    assert (Enrollment.objects.count(), emails()) == (1, [("enrolled", "zhang.nan@example.com")])


def test_existing_person_is_named_and_enrolled_instead(client):
    course, person = make_course(), make_user("Wang Ming", email="zhang.nan@example.com")
    response = send(client, courses=[course.pk])
    page = response.content.decode()
    assert response.status_code == 422
    assert "zhang.nan@example.com already belongs to Wang Ming." in page
    assert "Enroll Wang Ming instead" in page
    assert Enrollment.objects.count() == 0
    response = send(client, courses=[course.pk], act="instead")
    assert messages(response) == ["Wang Ming already had an account and is now enrolled."]
    assert Enrollment.objects.get().learner == person
    assert User.objects.filter(name="Zhang Nan").count() == 0


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (make_admin, "Only an admin can change this account."),
        (make_editor, "Only an admin can change this account."),
        (lambda **fields: make_user(is_active=False, **fields), "This person has left the company."),
    ],
)
def test_hr_cannot_enroll_staff_or_former_people(client, make, error):
    make(email="zhang.nan@example.com")
    course = make_course()
    for act in ("", "instead"):
        response = send(client, courses=[course.pk], act=act)
        page = response.content.decode()
        assert (response.status_code, error in page, "instead</button>" in page) == (422, True, False)
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
    "job_role": ["nobody"],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_invalid_field_is_refused_and_input_kept(client, field, value):
    response = send(client, **{field: value})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert (b"Zhang Nan" in response.content) is (field != "name")
    assert User.objects.count() == 1


def test_first_day_with_past_due_date_is_refused(client, hr):
    response = send(client, starts_on="2020-01-01", courses=[make_course().pk])
    assert list(response.context["form"].errors) == ["days"]


# Pasted lists of new people: preview, then import.


LIST_PAGE = reverse("hr:new-people")
LIST = "Zhang Nan\tzhang.nan@example.com\n\nXu Anran, a0012, Night shift\n"


def send_list(client, people, **changes):
    return client.post(LIST_PAGE, {"people": people, "language": "en", "days": "14"} | changes)


def preview(client, people, **changes):
    """Return the previewed rows and the fields of the next submit."""
    response = send_list(client, people, **changes)
    form = response.context["form"]
    return response.context["rows"], {"seen": form["seen"].value(), "act": "go"} | changes


@pytest.mark.parametrize(
    "line", ["Zhang Nan\tz@example.com\tNight", "Zhang Nan, Z@Example.com ,Night", "Zhang Nan，z@example.com；Night"]
)
def test_tabs_and_commas_separate_columns(line):
    team = Team.objects.create(name="Night")
    [row] = read_rows(line)
    assert (row.name, row.sign_in_name, row.team, row.problem) == ("Zhang Nan", "z@example.com", team, "")


def test_each_invalid_row_has_a_message():
    make_user("Wang Ming", email="here@example.com")
    make_user("Li Na", email="other@example.com", staff_number="A1")
    make_team("Night shift")
    rows = read_rows(
        "Good,good@example.com\nHere,HERE@example.com\nNumber,a1\n,no@name.com\nNo address\nBad,bad@\n"
        "Twice,t@example.com\nAgain,T@example.com\nTeam,team@example.com,Night shft\nOther,o@example.com,Zzz\n"
        + "x" * 121 + ",long@example.com"
    )  # fmt: skip
    twice, expected = (
        "This email address or staff number appears more than once in the list.",
        "Enter an email address or a staff number",
    )
    assert [row.problem for row in rows] == [
        "",
        "Wang Ming already has an account.",
        "Li Na already has an account.",
        "Enter a name of at most 120 characters.",
        f"{expected} after the name.",
        f"{expected} after the name.",
        twice,
        twice,
        "There is no team “Night shft”. Did you mean “Night shift”?",
        "There is no team “Zzz”.",
        "Enter a name of at most 120 characters.",
    ]
    assert [row.line for row in rows] == list(range(1, 12))


@pytest.mark.parametrize("number", [1, 3])
def test_reading_takes_2_queries_for_any_number(number, django_assert_num_queries):
    text = "\n".join(f"N{each},n{each}@example.com\nM{each},m{each}" for each in range(number))
    with django_assert_num_queries(2):
        assert len(read_rows(text)) == 2 * number


def test_preview_writes_nothing_and_next_submit_imports(client, hr):
    course, night, day = make_course(), make_team("Night shift"), make_team("Day shift")
    rows, next_press = preview(client, LIST, courses=[course.pk], team=day.pk)
    assert [(row.name, row.problem) for row in rows] == [("Zhang Nan", ""), ("Xu Anran", "")]
    assert User.objects.filter(name__in=["Zhang Nan", "Xu Anran"]).count() == 0
    response = client.post(LIST_PAGE, {"people": LIST, "language": "en", "days": "14"} | next_press, follow=True)
    assert "2 people are added." in response.content.decode()
    people = User.objects.filter(name__in=["Zhang Nan", "Xu Anran"]).order_by("-name")
    assert [(person.sign_in_name, person.teams.get()) for person in people] == [
        ("zhang.nan@example.com", day),
        ("A0012", night),
    ]
    assert Enrollment.objects.filter(course=course, learner__in=people).count() == 2
    assert OutgoingEmail.objects.filter(kind="enrolled").count() == 2


def test_changed_list_is_previewed_again(client):
    _, next_press = preview(client, LIST.replace(", Night shift", ""))
    response = send_list(client, "Somebody Else,else@example.com", **next_press)
    assert [row.name for row in response.context["rows"]] == ["Somebody Else"]
    assert User.objects.filter(name="Somebody Else").count() == 0


def test_invalid_rows_are_skipped_and_second_submit_adds_nobody(client, hr):
    people = "Zhang Nan,zhang.nan@example.com\nXu Anran"
    _, next_press = preview(client, people)
    answers = [send_list(client, people, **next_press) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 200]
    assert "Nobody on this list can be added yet." in answers[1].content.decode()
    assert User.objects.filter(name__in=["Zhang Nan", "Xu Anran"]).count() == 1


def test_more_than_50_people_are_refused(client):
    people = "\n".join(f"N{number},n{number}@example.com" for number in range(51))
    _, next_press = preview(client, people)
    response = send_list(client, people, **next_press)
    assert "You can add at most 50 people at once." in response.content.decode()
    assert User.objects.count() == 1


@pytest.mark.parametrize("people", ["", " ", "\x00", "x" * 20_001])
def test_invalid_list_is_refused(client, people):
    response = send_list(client, people)
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["people"])
