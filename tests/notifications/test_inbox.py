"""Notifications on the site: list, unread count, marking as read."""

from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from courseware.accounts.models import Deputy
from courseware.accounts.sign_in.invitations import invite
from courseware.accounts.teams.deputies import notify_both
from courseware.assessment.certificates.issuing import revoke_certificate
from courseware.assessment.models import Certificate
from courseware.content.models import Course
from courseware.learning.enrollments.enrollment import enroll
from courseware.learning.models import Enrollment
from courseware.notifications import inbox
from courseware.notifications.models import Notification, OutgoingEmail
from tests.counting import statements
from tests.making import days, make_admin, make_course, make_enrollment, make_team, make_user
from tests.world import complete_course

pytestmark = pytest.mark.django_db


def enrolled(person=None, **fields):
    person = person or make_user(language="en")
    enroll(person, Course.objects.first() or make_course(), by=None, **fields)
    return person


def shown(client, person, address="/notifications/"):
    client.force_login(person)
    response = client.get(address, headers={"accept-language": "en"})
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def notifications_shown(client, person):
    """(is unread, text) of each notification."""
    items = shown(client, person).select(".tray-lines > li")
    return [("unread" in (item.get("class") or []), text_of(item)) for item in items]


def text_of(item):
    for part in item.select("time, .tag"):
        part.extract()
    return " ".join(item.p.text.split())


def count_in_header(client, person, address="/"):
    found = shown(client, person, address).select_one(".tray b")
    return found and found.text


def test_only_training_emails_create_notifications(client):
    person = enrolled()
    invite(person, by=None)
    assert sorted(OutgoingEmail.objects.values_list("kind", flat=True)) == ["enrolled", "invitation"]
    assert notifications_shown(client, person) == [(True, "New course: “Rules of the tea room”")]


def test_person_without_email_gets_notification(client):
    person = make_user(language="en")
    type(person).objects.filter(pk=person.pk).update(email=None, staff_number="A1")
    person.refresh_from_db()
    assert len(notifications_shown(client, enrolled(person))) == 1


def test_each_type_has_its_text(client, settings):
    settings.TIME_ZONE = "UTC"
    person, admin = make_user(language="en"), make_admin()
    team = make_team(manager=person)
    attempt = complete_course(make_enrollment(person))
    revoke_certificate(attempt.enrollment.certificate, reason="A mistake", by=admin)
    other = make_user("Olga")
    named = Deputy.objects.create(
        manager=team.manager, person=other, made_by=person, first_day=date(2098, 1, 1), last_day=date(2098, 1, 2)
    )
    notify_both(named)
    assert notifications_shown(client, person) == [
        (True, "Olga is your deputy from 1 January 2098 to 2 January 2098."),
        (True, "Your certificate for “Rules of the tea room” was revoked: A mistake"),
        (True, "Completed course"),  # its certificate is revoked
    ]
    [(_unread, words)] = notifications_shown(client, other)
    assert words == f"You are the deputy of {person.name} from 1 January 2098 to 2 January 2098."


def test_notification_survives_deletion_of_its_object(client):
    person = enrolled()
    Enrollment.objects.all().delete()
    assert notifications_shown(client, person) == [(True, "New course")]


def test_repeated_event_creates_one_notification(client):
    admin, attempt = make_admin(), complete_course(make_enrollment())
    for _ in range(2):
        revoke_certificate(attempt.enrollment.certificate, reason="A mistake", by=admin)
    assert Notification.objects.filter(kind="certificate-revoked").count() == 1


def test_header_counts_own_unread_notifications(client):
    person, other = enrolled(), make_user()
    assert (count_in_header(client, person), count_in_header(client, other)) == ("1", None)
    client.force_login(person)
    assert count_in_header(client, person, "/learn/tea-room/emergency-card/") == "1"


def test_mark_all_as_read_skips_newer_notifications(client):
    person, other = enrolled(), enrolled()
    up_to = shown(client, person).select_one("input[name=up_to]")["value"]
    Notification.objects.create(kind="enrolled", person=person, data={"subjects": []})
    assert client.post("/notifications/", {"up_to": up_to}).status_code == 302
    assert [unread for unread, _words in notifications_shown(client, person)] == [True, False]
    assert Notification.objects.of(other.pk).unread().count() == 1


@pytest.mark.parametrize("wrong", ["", "x", "-1", "9" * 5000])
def test_invalid_key_marks_nothing_as_read(client, wrong):
    person = enrolled()
    client.force_login(person)
    assert client.post("/notifications/", {"up_to": wrong}).status_code == 302
    assert Notification.objects.unread().count() == 1


def test_opened_notification_is_read_and_redirects(client):
    person = enrolled()
    notification = Notification.objects.get()
    client.force_login(person)
    assert client.post(f"/notifications/{notification.pk}/")["Location"] == "/"
    first = Notification.objects.get().read_at
    assert first
    client.post(f"/notifications/{notification.pk}/")  # again
    assert Notification.objects.get().read_at == first


def test_person_cannot_read_notifications_of_others(client):
    enrolled()
    notification, other = Notification.objects.get(), make_user()
    client.force_login(other)
    assert client.post(f"/notifications/{notification.pk}/").status_code == 404
    client.post("/notifications/", {"up_to": notification.pk})
    assert (notifications_shown(client, other), Notification.objects.unread().count()) == ([], 1)


def test_notifications_are_deleted_after_90_days():
    person, now = make_user(), timezone.now()
    for age, read_at in ((0, None), (89, now), (91, now), (91, None)):
        written_at = now - timedelta(days=age)
        Notification.objects.create(kind="enrolled", person=person, written_at=written_at, read_at=read_at)
    assert inbox.delete_old_notifications() == "2"
    assert [(now - notification.written_at).days for notification in Notification.objects.all()] == [89, 0]


@pytest.mark.slow
def test_page_takes_same_queries_for_any_number(client):
    person = enrolled(due_at=days(9))
    admin, attempt = make_admin(), complete_course(Enrollment.objects.get())
    revoke_certificate(attempt.enrollment.certificate, reason="A mistake", by=admin)
    client.force_login(person)
    client.get("/notifications/")
    one = statements(lambda: client.get("/notifications/"))
    enrollment, certificate = Enrollment.objects.first(), Certificate.objects.get()
    for number in (3, 500):
        Notification.objects.bulk_create(
            Notification(kind=kind, person=person, data=data)
            for _ in range(number)
            for kind, data in (
                ("enrolled", {"subjects": [enrollment.pk]}),
                ("arrival", {"subjects": [[enrollment.pk, None]]}),
                ("certificate-revoked", {"certificate": certificate.pk}),
            )
        )
        assert statements(lambda: client.get("/notifications/")) == one


def test_unread_count_takes_no_query(client):
    person = make_enrollment().learner
    client.force_login(person)
    client.get("/learn/tea-room/emergency-card/")
    before = statements(lambda: client.get("/learn/tea-room/emergency-card/"))
    Notification.objects.create(kind="enrolled", person=person, data={"subjects": []})
    assert statements(lambda: client.get("/learn/tea-room/emergency-card/")) == before
