"""Several new people are pasted: each row is shown first, then those that can come in do, by the same act as one."""

import pytest
from django.urls import reverse

from courseware.accounts.models import Team, User
from courseware.assignments.newcomers import read_rows
from courseware.learning.models import Enrollment
from courseware.outbox.models import Message
from tests.making import make_course, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
PAGE = reverse("assignments:new-people")
LIST = "Zhang Nan\tzhang.nan@example.com\n\nXu Anran, a0012, Night shift\n"


@pytest.fixture
def hr(client):
    person = make_hr(language="en")
    client.force_login(person)
    return person


def send(client, people, **changes):
    return client.post(PAGE, {"people": people, "language": "en", "days": "14"} | changes)


def look(client, people, **changes):
    """The rows shown, and what their page sends with the next press."""
    response = send(client, people, **changes)
    form = response.context["form"]
    return response.context["rows"], {"seen": form["seen"].value(), "act": "go"} | changes


@pytest.mark.parametrize(
    "line", ["Zhang Nan\tz@example.com\tNight", "Zhang Nan, Z@Example.com ,Night", "Zhang Nan，z@example.com；Night"]
)
def test_tabs_and_commas_of_both_kinds_divide_a_line(line):
    team = Team.objects.create(name="Night")
    [row] = read_rows(line)
    assert (row.name, row.sign_in_name, row.team, row.problem) == ("Zhang Nan", "z@example.com", team, "")


def test_each_row_says_what_is_wrong_with_it_and_what_was_expected():
    make_user("Wang Ming", email="here@example.com")
    make_user("Li Na", email="other@example.com", staff_number="A1")
    make_team("Night shift")
    rows = read_rows(
        "Good,good@example.com\nHere,HERE@example.com\nNumber,a1\n,no@name.com\nNo address\nBad,bad@\n"
        "Twice,t@example.com\nAgain,T@example.com\nTeam,team@example.com,Night shft\nOther,o@example.com,Zzz\n"
        + "x" * 121 + ",long@example.com"
    )  # fmt: skip
    twice, expected = "This address or number is there more than once.", "Expected an e-mail address or a staff number"
    assert [row.problem for row in rows] == [
        "",
        "Wang Ming is here already.",
        "Li Na is here already.",
        "Expected a name of at most 120 signs.",
        f"{expected} behind the name.",
        f"{expected} behind the name.",
        twice,
        twice,
        "There is no team “Night shft”. Is it “Night shift”?",
        "There is no team “Zzz”.",
        "Expected a name of at most 120 signs.",
    ]
    assert [row.line for row in rows] == list(range(1, 12))


@pytest.mark.parametrize("number", [1, 3])
def test_reading_costs_two_queries_however_many_there_are(number, django_assert_num_queries):
    text = "\n".join(f"N{each},n{each}@example.com\nM{each},m{each}" for each in range(number))
    with django_assert_num_queries(2):
        assert len(read_rows(text)) == 2 * number


def test_looking_writes_nothing_and_the_next_press_brings_all_in(client, hr):
    course, night, day = make_course(), make_team("Night shift"), make_team("Day shift")
    rows, next_press = look(client, LIST, courses=[course.pk], team=day.pk)
    assert [(row.name, row.problem) for row in rows] == [("Zhang Nan", ""), ("Xu Anran", "")]
    assert User.objects.filter(name__in=["Zhang Nan", "Xu Anran"]).count() == 0
    response = client.post(PAGE, {"people": LIST, "language": "en", "days": "14"} | next_press, follow=True)
    assert "2 people are here now." in response.content.decode()
    people = User.objects.filter(name__in=["Zhang Nan", "Xu Anran"]).order_by("-name")
    assert [(person.sign_in_name, person.teams.get()) for person in people] == [
        ("zhang.nan@example.com", day),
        ("A0012", night),
    ]
    assert Enrollment.objects.filter(course=course, learner__in=people).count() == 2
    assert Message.objects.filter(kind="enrolled").count() == 2


def test_a_list_that_was_changed_after_the_look_is_shown_again(client, hr):
    _, next_press = look(client, LIST.replace(", Night shift", ""))
    response = send(client, "Somebody Else,else@example.com", **next_press)
    assert [row.name for row in response.context["rows"]] == ["Somebody Else"]
    assert User.objects.filter(name="Somebody Else").count() == 0


def test_rows_with_a_problem_are_left_out_and_a_second_press_adds_nobody(client, hr):
    people = "Zhang Nan,zhang.nan@example.com\nXu Anran"
    _, next_press = look(client, people)
    answers = [send(client, people, **next_press) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 200]
    assert "Nobody of this list can come in as it is." in answers[1].content.decode()
    assert User.objects.filter(name__in=["Zhang Nan", "Xu Anran"]).count() == 1


def test_more_than_fifty_are_not_taken(client, hr):
    people = "\n".join(f"N{number},n{number}@example.com" for number in range(51))
    _, next_press = look(client, people)
    response = send(client, people, **next_press)
    assert "These are more than 50." in response.content.decode()
    assert User.objects.count() == 1


@pytest.mark.parametrize("people", ["", " ", "\x00", "x" * 20_001])
def test_what_is_no_list_is_refused_at_its_field(client, hr, people):
    response = send(client, people)
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["people"])
