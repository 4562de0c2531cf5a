"""Emails about new enrollments and renewals."""

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
from tests.making import join, make_admin, make_course, make_enrollment, make_team, make_user, sent_emails

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


def reasons_or_states():
    sent_emails()
    return [each.why or each.state for each in OutgoingEmail.objects.filter(kind="enrolled").order_by("pk")]


def test_first_email_names_manager_course_due_date_and_way_to_sign_in(team):
    enroll(newcomer(team), make_course(), due_at=DAY, by=make_admin())
    [email] = sent_emails()
    title = re.search("“(.+)”", email.subject).group(1)
    assert email.to == ["ming@example.com"]
    assert email.subject == f"Li Lin asks you to finish “{title}” by Monday 9 December"
    link, in_chinese = re.findall(r"https?://\S+", email.body)
    assert re.fullmatch(rf"https://{HOST}/accounts/password/reset/key/\S+/", link)
    assert in_chinese == f"{link}?language=zh-hans"
    paragraphs = email.body.replace(link, "LINK").rstrip().split("\n\n")
    assert paragraphs[0] == "Hello Wang Ming,"
    assert paragraphs[1] == f"I am Li Lin, the manager of Night shift.\nPlease finish “{title}” by Monday 9 December."
    assert re.match(r"The course has \d+ steps? and takes about \d+ minutes", paragraphs[2])
    assert paragraphs[3:] == [
        f"To start, choose a password here:\nLINK\nThe link begins with {HOST}. It works once, within 3 days.",
        "If you prefer not to click a link, type this address into your browser:\n"
        f"{HOST}\n"
        "Then click “Forgot your password, or no password yet?” and enter your email address, ming@example.com. "
        "You can also sign in this way.\n"
        "If you are not sure, ask me in person, or call a number that you know from another source.",
        "Li Lin\nManager of Night shift",
        "You get this email because you were just enrolled in a course. We never ask for your password or a "
        "code by email or phone. After you finish, become exempt or leave the company, you get no more emails "
        "about this course.",
        "打开中文页面：\nLINK?language=zh-hans",
    ]


def test_message_row_contains_ids_only(team):
    enroll(newcomer(team), make_course(), by=make_admin())
    [message] = OutgoingEmail.objects.all()
    assert set(message.data) == {"by", "subjects"}
    assert all(isinstance(each, int) for each in message.data["subjects"])


def test_chinese_email_is_entirely_chinese(team):
    enroll(newcomer(team, language="zh-hans"), make_course(), due_at=DAY, by=None)
    [email] = sent_emails()
    assert re.fullmatch(r"Li Lin请你在12月9日（星期一）前学完《.+》", email.subject)
    text = email.body.replace("Wang Ming", "").replace("Li Lin", "").replace("Night shift", "")
    text = text.replace("Open this page in English:", "")
    text = re.sub(r"\S*(http|example\.com)\S*", "", text)
    assert not re.search(r"[A-Za-z]{4}", text), text
    assert email.message()["Content-Language"] == "zh-Hans"


def test_person_with_password_gets_no_link(team):
    person = make_user("Chen", language="en")
    join(team, person)
    enroll(person, make_course(), by=None)
    [email] = sent_emails()
    assert email.subject.startswith("Li Lin asks you to take “")
    assert "choose a password" not in email.body
    assert "http" not in email.body
    assert f"\n{HOST}\n" in email.body


def test_email_is_signed_by_enroller_if_team_has_no_manager():
    hr = make_user("Yang Lan")
    people = [make_user(f"P{number}", language="en") for number in range(2)]
    course = make_course()
    enroll(people[0], course, by=hr)
    enroll(people[1], course)
    one, other = sent_emails()
    assert "I am Yang Lan, and I am responsible for the training.\nPlease take" in one.body
    assert one.body.count("Yang Lan") == 2
    assert other.subject.startswith("Please take “")
    assert "ask your manager in person" in other.body


def test_own_enrollment_is_not_signed_by_oneself():
    person = make_user("Own", language="en")
    enroll(person, make_course(), by=person)
    assert "I am Own" not in sent_emails()[0].body


def test_2_courses_at_once_are_1_email_sorted_by_due_date(team):
    person = newcomer(team)
    courses = make_two_courses()
    enroll(person, courses[0], by=None)
    enroll(person, courses[1], due_at=DAY, by=None)
    [email] = sent_emails()
    assert email.subject == "Li Lin asks you to take 2 courses"
    listed = [line for line in email.body.splitlines() if line.startswith("– ")]
    assert ["by Monday 9 December" in line for line in listed] == [True, False]
    assert len(re.findall("https?://", email.body)) == 2  # the second is for the other language


def make_two_courses():
    from courseware.content.models import Course

    first = make_course()
    second = Course.objects.get(pk=first.pk)
    second.pk, second.identifier = None, "another"
    second.save()
    return first, second


def test_repeated_enrollment_sends_nothing_but_new_course_does(team):
    person = newcomer(team)
    first, second = make_two_courses()
    for _ in range(2):
        enroll(person, first, by=None)
        sent_emails()
    assert len(sent_emails()) == 1
    enroll(person, second, by=None)
    assert len(sent_emails()) == 2


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        ("left", "the person can no longer sign in"),
        ("came", "the person has already signed in"),
        (
            "exempt",
            "before this email was sent, the person started the course or became exempt, or the person’s accounts "
            "were merged",
        ),
        (
            "begun",
            "before this email was sent, the person started the course or became exempt, or the person’s accounts "
            "were merged",
        ),
        ("nothing", DeliveryState.SENT),
        ("had been here", DeliveryState.SENT),
    ],
)
def test_email_is_skipped_if_person_left_signed_in_started_or_is_exempt(meanwhile, why, team):
    person = newcomer(team)
    enrollment = enroll(person, make_course(), by=None)
    now = timezone.now() + timedelta(seconds=1)
    if meanwhile == "exempt":
        exempt(enrollment, "on leave", by=None)
    elif meanwhile == "begun":
        type(enrollment).objects.filter(pk=enrollment.pk).update(started_at=now)
    changes = {
        "left": {"is_active": False},
        "came": {"last_login": now},
        "had been here": {"last_login": now - timedelta(days=9)},
    }
    User.objects.filter(pk=person.pk).update(**changes.get(meanwhile, {"is_active": True}))
    assert reasons_or_states() == [why]


def test_waiting_email_includes_second_course_after_sign_in(team):
    person = newcomer(team)
    first, second = make_two_courses()
    enroll(person, first, by=None)
    User.objects.filter(pk=person.pk).update(last_login=timezone.now())
    enroll(person, second, by=None)
    assert reasons_or_states() == [DeliveryState.SENT]


def test_person_without_email_is_enrolled_and_reason_is_recorded(team):
    person = User.objects.create_user(name="Wu", staff_number="A7")
    join(team, person)
    enroll(person, make_course(), by=None)
    assert reasons_or_states() == ["the person has no email address"]


def test_team_enrollment_costs_same_queries_for_any_size():
    def statements(people):
        order = begin_enrolling([make_team(learners=people)], course, due_on=date(2030, 12, 9))
        by = User.objects.get(pk=admin.pk)  # without cached relations, as in a request
        with CaptureQueriesContext(connection) as captured:
            enroll_next(order, by=by)
        return [re.sub(r"\W.*", "", each["sql"]) for each in captured]

    course, admin = make_course(), make_admin()
    for_one = statements(1)
    assert statements(3) == for_one
    assert OutgoingEmail.objects.filter(kind="enrolled").count() == 1 + 3
    assert {tuple(each.data) for each in OutgoingEmail.objects.all()} == {("by", "subjects")}


@pytest.mark.parametrize(("hours", "expected"), [(0, 1), (23, 1), (25, 0), (9000, 0)])
def test_enrollment_older_than_1_day_sends_no_email(hours, expected):
    enroll(make_user(), make_course(), at=timezone.now() - timedelta(hours=hours))
    assert OutgoingEmail.objects.count() == expected


def test_email_to_learning_manager_is_signed_by_senior_manager():
    company = make_team("Firm", manager=make_user("Top"))
    branch = make_team("Centre", manager=make_user("Lead", language="en"), parent=company)
    join(branch, branch.manager, Membership.Role.LEARNER)
    enroll(branch.manager, make_course(), by=None)
    assert sent_emails()[0].subject.startswith("Top asks you")


ENDS = date(2030, 12, 9)


def make_renewal(**fields):
    person = make_user("Wang Ming", language="en")
    join(make_team("East centre", manager=make_user("Li Lin")), person)
    return make_enrollment(person, make_course(), renews_until=ENDS, **fields)


def kinds_and_states():
    sent_emails()
    return list(OutgoingEmail.objects.order_by("pk").values_list("kind", "state"))


def test_renewal_email_names_expiry_due_date_and_early_option(mailoutbox):
    queue_enrollment_email([make_renewal(due_at=due_instant(ENDS, timezone.get_default_timezone()))], by=None)
    assert kinds_and_states() == [("renewal-open", "sent")]
    [email] = mailoutbox
    assert email.subject == "Please renew your certificate “Rules of the tea room” by Monday 9 December"
    first, body, early, begin, signed, _why = email.body.split("\n\n")
    assert [first, early, signed] == [
        "Hello Wang Ming,",
        "You lose nothing if you start early. The validity period of the new certificate starts "
        "on the last day of the old certificate.",
        "Li Lin\nManager of East centre",
    ]
    until, steps, due = body.split("\n")
    assert until == "Your certificate “Rules of the tea room” is valid until Monday 9 December. You can renew it now."
    assert steps.startswith("The course has 2 steps and takes about ")
    assert due == "Please finish by Monday 9 December."
    assert begin.endswith("\ntraining.example.com")


def test_short_renewal_email_lists_fewer_steps(mailoutbox):
    queue_enrollment_email([make_renewal(required=["pouring"])], by=None)
    kinds_and_states()
    [email] = mailoutbox
    assert email.subject == "You can renew your certificate “Rules of the tea room” now"
    assert "The renewal covers only what has changed and what you got wrong: 1 step, about " in email.body


@pytest.mark.slow
def test_renewal_and_new_course_are_separate_emails():
    renewal = make_renewal()
    files = {name: data.replace(b"id: tea-room\n", b"id: other\n") for name, data in make_files().items()}
    exempt_renewal, new = make_renewal(), make_enrollment(renewal.learner, make_course(files))
    queue_enrollment_email([renewal, exempt_renewal, new], by=None)
    exempt(exempt_renewal, reason="long leave", by=make_admin())
    assert kinds_and_states() == [("enrolled", "sent"), ("renewal-open", "sent"), ("renewal-open", "skipped")]


def email_to(language, password=None):
    enroll(make_user("Wang", email="wang@example.com", password=password, language=language), make_course(), by=None)
    [email] = sent_emails()
    return email


@pytest.mark.parametrize(
    ("language", "company", "begin"),
    [("en", "Hexin", "[Hexin] Please take “"), ("zh-hans", "和信", "【和信】请学习《")],
)
def test_subject_begins_with_company_name(settings, language, company, begin):
    settings.COMPANY_NAME = company
    assert email_to(language).subject.startswith(begin)


def links_in(email):
    return [urlsplit(each)._replace(scheme="", netloc="").geturl() for each in re.findall(r"https?://\S+", email.body)]


@pytest.mark.parametrize(
    ("language", "other", "welcome"), [("en", "zh-hans", "欢迎"), ("zh-hans", "en", "Welcome, Wang")]
)
def test_link_to_other_language_sets_language_on_submit(client, language, other, welcome):
    link, in_other = links_in(email_to(language))
    assert in_other == f"{link}?language={other}"
    page = client.get(in_other, follow=True)
    assert page.request["QUERY_STRING"] == f"language={other}"
    assert welcome in page.content.decode()
    assert User.objects.get().language == language  # a GET changes nothing
    action = re.search(r'<form method="post" action="(/accounts/password[^"]+)"', page.content.decode()).group(1)
    assert client.post(action).status_code == 302
    assert User.objects.get().language == other


def test_default_link_keeps_language(client):
    link, _in_other = links_in(email_to("en"))
    page = client.get(link, follow=True)
    client.post(page.request["PATH_INFO"])
    assert User.objects.get().language == "en"


@pytest.mark.parametrize("wrong", ["xx", "", "../", "9" * 5000])
def test_unknown_language_in_link_is_ignored(client, wrong):
    link, _in_other = links_in(email_to("en"))
    page = client.get(link, {"language": wrong}, follow=True)
    assert (page.status_code, page.request["QUERY_STRING"]) == (200, "")
