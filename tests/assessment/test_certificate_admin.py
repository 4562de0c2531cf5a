"""The list of certificates in the admin."""

from datetime import timedelta

import pytest
from django.urls import reverse

from courseware.assessment.certificate_numbers import grouped
from courseware.assessment.models import Certificate
from courseware.lib.dates import site_day
from courseware.outbox.models import Message
from tests.making import make_admin, make_enrollment, make_user
from tests.world import complete_course

pytestmark = pytest.mark.django_db
LIST = reverse("admin:assessment_certificate_changelist")
DAY = timedelta(days=1)


@pytest.fixture
def admin(client):
    admin = make_admin(language="en")
    client.force_login(admin)
    return admin


def certificate(name, days=None, **fields):
    enrollment = make_enrollment(make_user(name))
    complete_course(enrollment)
    until = None if days is None else site_day() + days * DAY
    Certificate.objects.filter(enrollment=enrollment).update(valid_until=until, **fields)
    return enrollment


def shown(client, **chosen):
    return sorted(each.holder for each in client.get(LIST, chosen).context["cl"].queryset)


def test_it_is_filtered_by_whether_a_certificate_is_valid_today_ends_soon_or_has_ended(client, admin, settings):
    settings.CERTIFICATE_ENDING_DAYS = 60
    withdrawn = {"withdrawn_at": admin.joined_at, "withdrawn_by": admin, "withdrawn_reason": "Why"}
    for name, days in (("no end", None), ("last day", 0), ("soon", 60), ("later", 61), ("over", -1)):
        certificate(name, days)
    certificate("withdrawn", 9, **withdrawn)
    certificate("over and withdrawn", -9, **withdrawn)
    assert shown(client, validity="valid") == ["last day", "later", "no end", "soon"]
    assert shown(client, validity="ending") == ["last day", "soon"]
    assert shown(client, validity="ended") == ["over"]
    assert len(shown(client)) == len(shown(client, validity="x")) == 7
    assert shown(client, validity="ended", withdrawn_at__isempty="0") == []


def test_a_run_is_named_by_the_title_of_its_course_in_the_language_of_the_reader(client, admin):
    run = certificate("Lea")
    page = client.get(reverse("admin:assessment_certificate_change", args=[run.certificate.pk])).text
    assert "Lea · Rules of the tea room" in page
    assert "Lea · tea-room" not in page


def test_one_is_found_by_its_number_as_it_is_stored_and_as_it_is_printed(client, admin):
    number = certificate("Lea").certificate.number
    certificate("Bo")
    for typed in (number, grouped(number), grouped(number).lower()):
        assert shown(client, q=typed) == ["Lea"]
    assert shown(client, q="Bo") == ["Bo"]


def test_letters_are_found_by_the_staff_number_of_a_person(client, admin):
    lea, beside = make_user("Lea", staff_number="A0012"), make_user("Bo", staff_number="A0013")
    for person in (lea, beside):
        Message.objects.create(kind="invitation", person=person, address="")
    found = client.get(reverse("admin:outbox_message_changelist"), {"q": "ａ００１２"}).context["cl"].queryset
    assert [message.person for message in found] == [lea]
