"""Emails about new enrollments and renewals: manager, course, due day, and sign-in without a link."""

import re
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseware.accounts.models import Membership, User
from courseware.learning.emails.enrollment import queue_enrollment_email
from courseware.learning.enrollments.enrollment import begin_enrolling, enroll, enroll_next, exempt
from courseware.lib.dates import due_instant
from courseware.notifications.models import DeliveryState, OutgoingEmail
from tests.course_format.samples import make_files
from tests.making import join, letters, make_admin, make_course, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db
ZONE = timezone.get_default_timezone()
DAY = due_instant(date(2030, 12, 9), ZONE)
HOST = "training.example.com"


@pytest.fixture(autouse=True)
def host(settings):
    settings.SITE_URL = f"https://{HOST}"


def newcomer(team=None, *, language="en", **fields):
    person = make_user("Wang Ming", email="ming@example.com", password=None, language=language, **fields)
    if team:
        join(team, person)
    return person


def left():
    letters()
    return [each.why or each.state for each in OutgoingEmail.objects.filter(kind="enrolled").order_by("pk")]


def test_the_first_letter_says_who_what_by_when_how_long_and_the_way_in_without_its_link(team):
    enroll(newcomer(team), make_course(), due_at=DAY, by=make_admin())
    [letter] = letters()
    title = re.search("“(.+)”", letter.subject).group(1)
    assert letter.to == ["ming@example.com"]
    assert letter.subject == f"Li Lin asks you to finish “{title}” by Monday 9 December"
    link, in_chinese = re.findall(r"https?://\S+", letter.body)
    assert re.fullmatch(rf"https://{HOST}/accounts/password/reset/key/\S+/", link)
    assert in_chinese == f"{link}?language=zh-hans"
    paragraphs = letter.body.replace(link, "LINK").rstrip().split("\n\n")
    assert paragraphs[0] == "Hello Wang Ming,"
    assert paragraphs[1] == f"I am Li Lin, the manager of Night shift.\nPlease finish “{title}” by Monday 9 December."
    assert re.match(r"It has \d+ steps?, about \d+ minutes", paragraphs[2])
    assert paragraphs[3:] == [
        f"To start, choose a password here:\nLINK\nThe link begins with {HOST}. It works once, within 3 days.",
        "If you prefer not to click a link, type this address into your browser:\n"
        f"{HOST}\n"
        "Then click “Forgot your password, or no password yet?” and enter your email address, ming@example.com. "
        "You can sign in that way, too.\n"
        "If in doubt, ask me in person, or call a number that you know from another source.",
        "Li Lin\nManager of Night shift",
        "You get this email because you were just enrolled. We never ask for your password or a code by email "
        "or phone. After you finish, become exempt or leave, you get no more emails about this course.",
        "中文页面：\nLINK?language=zh-hans",
    ]


def test_message_row_contains_ids_only(team):
    enroll(newcomer(team), make_course(), by=make_admin())
    [message] = OutgoingEmail.objects.all()
    assert set(message.data) == {"by", "subjects"}
    assert all(isinstance(each, int) for each in message.data["subjects"])


def test_in_chinese_it_is_chinese_from_the_first_line_to_the_last(team):
    enroll(newcomer(team, language="zh-hans"), make_course(), due_at=DAY, by=None)
    [letter] = letters()
    assert re.fullmatch(r"Li Lin请你在12月9日（星期一）前学完《.+》", letter.subject)
    words = letter.body.replace("Wang Ming", "").replace("Li Lin", "").replace("Night shift", "")
    words = words.replace("The page in English:", "")
    words = re.sub(r"\S*(http|example\.com)\S*", "", words)
    assert not re.search(r"[A-Za-z]{4}", words), words
    assert letter.message()["Content-Language"] == "zh-Hans"


def test_who_has_a_password_gets_no_link_at_all(team):
    person = make_user("Chen", language="en")
    join(team, person)
    enroll(person, make_course(), by=None)
    [letter] = letters()
    assert letter.subject.startswith("Li Lin asks you to take “")
    assert "choose a password" not in letter.body
    assert "http" not in letter.body
    assert f"\n{HOST}\n" in letter.body


def test_without_a_lead_who_enrolled_signs_and_without_both_nobody():
    hr = make_user("Yang Lan")
    people = [make_user(f"P{number}", language="en") for number in range(2)]
    course = make_course()
    enroll(people[0], course, by=hr)
    enroll(people[1], course)
    one, other = letters()
    assert "I am Yang Lan, and I am responsible for the training.\nPlease take" in one.body
    assert one.body.count("Yang Lan") == 2
    assert other.subject.endswith("is waiting for you")
    assert "ask your manager in person" in other.body


def test_nobody_is_asked_by_themselves():
    person = make_user("Own", language="en")
    enroll(person, make_course(), by=person)
    assert "I am Own" not in letters()[0].body


def test_two_courses_at_once_are_one_letter_the_earliest_day_first(team):
    person = newcomer(team)
    courses = make_two_courses()
    enroll(person, courses[0], by=None)
    enroll(person, courses[1], due_at=DAY, by=None)
    [letter] = letters()
    assert letter.subject == "Li Lin asks you to take 2 courses"
    listed = [line for line in letter.body.splitlines() if line.startswith("– ")]
    assert ["by Monday 9 December" in line for line in listed] == [True, False]
    assert len(re.findall("https?://", letter.body)) == 2  # that in the other language is the second


def make_two_courses():
    from courseware.content.models import Course

    first = make_course()
    second = Course.objects.get(pk=first.pk)
    second.pk, second.identifier = None, "another"
    second.save()
    return first, second


def test_enrolling_again_tells_nothing_again_and_a_new_course_later_does(team):
    person = newcomer(team)
    first, second = make_two_courses()
    for _ in range(2):
        enroll(person, first, by=None)
        letters()
    assert len(letters()) == 1
    enroll(person, second, by=None)
    assert len(letters()) == 2


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        ("left", "the person can no longer sign in"),
        ("came", "the person signed in in the meantime"),
        ("excused", "in the meantime, the person started the course, became exempt, or the accounts were merged"),
        ("begun", "in the meantime, the person started the course, became exempt, or the accounts were merged"),
        ("nothing", DeliveryState.SENT),
        ("had been here", DeliveryState.SENT),
    ],
)
def test_it_is_not_sent_to_who_left_came_in_was_excused_or_began(meanwhile, why, team):
    person = newcomer(team)
    enrollment = enroll(person, make_course(), by=None)
    now = timezone.now() + timedelta(seconds=1)
    if meanwhile == "excused":
        exempt(enrollment, "on leave", by=None)
    elif meanwhile == "begun":
        type(enrollment).objects.filter(pk=enrollment.pk).update(started_at=now)
    changes = {
        "left": {"is_active": False},
        "came": {"last_login": now},
        "had been here": {"last_login": now - timedelta(days=9)},
    }
    User.objects.filter(pk=person.pk).update(**changes.get(meanwhile, {"is_active": True}))
    assert left() == [why]


def test_who_came_in_before_the_second_course_is_told_of_it_by_the_letter_that_waits(team):
    person = newcomer(team)
    first, second = make_two_courses()
    enroll(person, first, by=None)
    User.objects.filter(pk=person.pk).update(last_login=timezone.now())
    enroll(person, second, by=None)
    assert left() == [DeliveryState.SENT]


def test_who_has_no_address_is_enrolled_and_the_list_of_letters_says_why_none_left(team):
    person = User.objects.create_user(name="Wu", staff_number="A7")
    join(team, person)
    enroll(person, make_course(), by=None)
    assert left() == ["the person has no email address"]


def test_a_team_is_told_by_one_statement_however_many_it_has():
    def statements(people):
        order = begin_enrolling([make_team(learners=people)], course, due_on=date(2030, 12, 9))
        by = User.objects.get(pk=admin.pk)  # as in a request: nothing of it is cached yet
        with CaptureQueriesContext(connection) as captured:
            enroll_next(order, by=by)
        return [re.sub(r"\W.*", "", each["sql"]) for each in captured]

    course, admin = make_course(), make_admin()
    for_one = statements(1)
    assert statements(3) == for_one
    assert OutgoingEmail.objects.filter(kind="enrolled").count() == 1 + 3
    assert {tuple(each.data) for each in OutgoingEmail.objects.all()} == {("by", "subjects")}


@pytest.mark.parametrize(("hours", "told"), [(0, 1), (23, 1), (25, 0), (9000, 0)])
def test_what_is_entered_for_a_day_long_ago_is_no_news(hours, told):
    enroll(make_user(), make_course(), at=timezone.now() - timedelta(hours=hours))
    assert OutgoingEmail.objects.count() == told


def test_a_letter_to_a_manager_who_learns_is_signed_by_the_one_above():
    firm = make_team("Firm", manager=make_user("Top"))
    centre = make_team("Centre", manager=make_user("Lead", language="en"), parent=firm)
    join(centre, centre.manager, Membership.Role.LEARNER)
    enroll(centre.manager, make_course(), by=None)
    assert letters()[0].subject.startswith("Top asks you")


ENDS = date(2030, 12, 9)


def renewing(**fields):
    person = make_user("Wang Ming", language="en")
    join(make_team("East centre", manager=make_user("Li Lin")), person)
    return make_enrollment(person, make_course(), renews_until=ENDS, **fields)


def told():
    letters()
    return list(OutgoingEmail.objects.order_by("pk").values_list("kind", "state"))


def test_it_says_until_when_the_certificate_is_valid_by_when_and_that_early_loses_nothing(mailoutbox):
    queue_enrollment_email([renewing(due_at=due_instant(ENDS, timezone.get_default_timezone()))], by=None)
    assert told() == [("renewal-open", "sent")]
    [letter] = mailoutbox
    assert letter.subject == "Please renew your certificate “Rules of the tea room” by Monday 9 December"
    first, said, early, begin, signed, _why = letter.body.split("\n\n")
    assert [first, early, signed] == [
        "Hello Wang Ming,",
        "You lose nothing if you start early. The new certificate counts from the last day of the old one.",
        "Li Lin\nManager of East centre",
    ]
    until, steps, by_when = said.split("\n")
    assert until == "Your certificate “Rules of the tea room” is valid until Monday 9 December. You can renew it now."
    assert steps.startswith("It has 2 steps, about ")
    assert by_when == "Please finish by Monday 9 December."
    assert begin.endswith("\ntraining.example.com")


def test_a_short_one_says_that_it_asks_for_less(mailoutbox):
    queue_enrollment_email([renewing(required=["pouring"])], by=None)
    told()
    [letter] = mailoutbox
    assert letter.subject == "You can renew your certificate “Rules of the tea room” now"
    assert "The renewal covers what is new and what you missed: 1 step, about " in letter.body


def test_a_renewal_and_another_course_are_two_letters_and_what_was_excused_is_none():
    run = renewing()
    files = {name: data.replace(b"id: tea-room\n", b"id: other\n") for name, data in make_files().items()}
    excused, new = renewing(), make_enrollment(run.learner, make_course(files))
    queue_enrollment_email([run, excused, new], by=None)
    exempt(excused, reason="long leave", by=make_admin())
    assert told() == [("enrolled", "sent"), ("renewal-open", "sent"), ("renewal-open", "skipped")]


def letter_to(language, password=None):
    enroll(make_user("Wang", email="wang@example.com", password=password, language=language), make_course(), by=None)
    [letter] = letters()
    return letter


@pytest.mark.parametrize(
    ("language", "company", "begin"), [("en", "Hexin", "[Hexin] “"), ("zh-hans", "和信", "【和信】请学习《")]
)
def test_the_subject_begins_with_the_company(settings, language, company, begin):
    settings.COMPANY_NAME = company
    assert letter_to(language).subject.startswith(begin)


def addresses(letter):
    return [urlsplit(each)._replace(scheme="", netloc="").geturl() for each in re.findall(r"https?://\S+", letter.body)]


@pytest.mark.parametrize(
    ("language", "other", "welcome"), [("en", "zh-hans", "欢迎"), ("zh-hans", "en", "Welcome, Wang")]
)
def test_its_page_opens_in_the_other_language_and_who_comes_in_there_keeps_it(client, language, other, welcome):
    link, in_other = addresses(letter_to(language))
    assert in_other == f"{link}?language={other}"
    page = client.get(in_other, follow=True)
    assert page.request["QUERY_STRING"] == f"language={other}"
    assert welcome in page.content.decode()
    assert User.objects.get().language == language  # to look changes nothing
    action = re.search(r'<form method="post" action="(/accounts/password[^"]+)"', page.content.decode()).group(1)
    assert client.post(action).status_code == 302
    assert User.objects.get().language == other


def test_by_the_first_link_the_language_stays(client):
    link, _in_other = addresses(letter_to("en"))
    page = client.get(link, follow=True)
    client.post(page.request["PATH_INFO"])
    assert User.objects.get().language == "en"


@pytest.mark.parametrize("wrong", ["xx", "", "../", "9" * 5000])
def test_a_language_that_is_none_changes_nothing(client, wrong):
    link, _in_other = addresses(letter_to("en"))
    page = client.get(link, {"language": wrong}, follow=True)
    assert (page.status_code, page.request["QUERY_STRING"]) == (200, "")
