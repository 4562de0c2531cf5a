"""A certificate taken back: it certifies nobody any more, and what was completed stays."""

from datetime import timedelta

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import reverse
from django.utils import timezone

from courseware.accounts.models import User
from courseware.assessment.certificates.issuing import RevocationNotAllowed, revoke_certificate
from courseware.assessment.certificates.numbers import grouped
from courseware.assessment.models import Certificate
from courseware.audit_log.models import Event
from courseware.audit_log.record import record
from courseware.learning.models import Completion, Enrollment
from courseware.lib.dates import site_day
from courseware.notifications.models import OutgoingEmail
from courseware.reporting.integrity import audit_log, check_all
from tests.assessment.exams import make_course, ready, sit, soup
from tests.making import letters, make_admin, make_enrollment, make_user
from tests.world import complete_course

pytestmark = pytest.mark.django_db
LIST = reverse("admin:assessment_certificate_changelist")
DAY = timedelta(days=1)


def certificate_of(person):
    sit(ready(make_course(), person))
    return Certificate.objects.get(enrollment__learner=person)


def send(client, certificate, **fields):
    form = {"action": "withdraw", ACTION_CHECKBOX_NAME: [certificate.pk], "confirmed": "yes"}
    return client.post(LIST, form | {"reason": "The answers were passed on."} | fields, follow=True)


@pytest.fixture
def holder():
    return make_user("Wang Xiaoming", email="wang@example.com", language="en")


@pytest.fixture
def certificate(holder):
    return certificate_of(holder)


@pytest.fixture
def admin(client):
    admin = make_admin(name="Ada Admin")
    client.force_login(admin)
    return admin


def state_of(certificate):
    rows = Certificate.objects.filter(pk=certificate.pk)
    return rows.values("revoked_at", "revoked_by", "revocation_reason").get()


def test_an_admin_withdraws_with_a_reason_which_is_logged_and_told_to_the_holder(client, admin, certificate):
    before = facts()
    assert "1 certificate was revoked." in send(client, certificate).text
    state = state_of(certificate)
    assert (state["revoked_by"], state["revocation_reason"]) == (admin.pk, "The answers were passed on.")
    event = Event.objects.get(verb="certificate-revoked")
    assert (event.actor, event.subject, event.data, event.at) == (
        admin, f"enrollment:{certificate.enrollment_id}", {"certificate": certificate.pk}, state["revoked_at"],
    )  # fmt: skip
    (letter,) = letters()
    assert letter.to == ["wang@example.com"] and letter.subject == "Your certificate was revoked"
    assert "“Rules of the tea room”" in letter.body and "The answers were passed on." in letter.body
    assert facts() == before


def facts():
    """All that a run says but until when its learner is certified."""
    return Completion.objects.count(), Enrollment.objects.values().get() | {"certified_until": None}


def test_who_withdraws_reads_whose_certificate_it_is_and_of_which_day(client, admin, certificate):
    other = certificate_of(make_user("Other Holder"))
    form = {"action": "withdraw", ACTION_CHECKBOX_NAME: [certificate.pk]}
    page = soup(client.post(LIST, form)).find(id="content")
    day = timezone.localdate(certificate.issued_at)
    assert [one.get_text() for one in page.select("form li")] == [f"Wang Xiaoming · {day}"]
    assert not any(text in str(page) for text in (certificate.number, other.number, "Other Holder"))


def test_withdrawn_twice_it_is_withdrawn_once(client, admin, certificate):
    send(client, certificate)
    before = state_of(certificate)
    assert "0 certificates were revoked." in send(client, certificate, reason="Another reason.").text
    assert state_of(certificate) == before
    assert (len(letters()), Event.objects.filter(verb="certificate-revoked").count()) == (1, 1)


@pytest.mark.parametrize("reason", ["", " ", "x" * 201])
def test_without_a_reason_that_can_be_kept_nothing_is_withdrawn(client, admin, certificate, reason):
    response = send(client, certificate, reason=reason)
    assert response.status_code == 422
    assert state_of(certificate)["revoked_at"] is None


def test_nobody_withdraws_their_own_certificate_or_one_in_a_conflict(client, admin, certificate):
    record("person-added", actor=certificate.enrollment.learner, subject=admin)
    for each in (certificate_of(admin), certificate):
        words = f"You cannot decide about {each.enrollment.learner.name}. Nothing was changed."
        assert words in send(client, each).text
        assert state_of(each)["revoked_at"] is None
        with pytest.raises(RevocationNotAllowed):
            revoke_certificate(each, reason="So.", by=User.objects.get(pk=admin.pk))
    assert not OutgoingEmail.objects.filter(kind="certificate-revoked").exists()


def test_who_checks_the_number_reads_that_it_was_withdrawn_and_not_why(client, admin, certificate):
    address = reverse("assessment:certificate", args=[certificate.number])
    client.logout()
    assert "✓ Valid" in client.get(address).text
    revoke_certificate(certificate, reason="The answers were passed on.", by=admin)
    page = soup(client.get(address)).main.text
    assert "Revoked on" in page and "✓ Valid" not in page
    assert "passed on. " not in page and "answers were" not in page and "Ada" not in page


def test_the_holder_reads_it_wherever_the_certificate_was_offered(client, admin, certificate, holder):
    revoke_certificate(certificate, reason="So.", by=admin)
    client.force_login(holder)
    attempt = certificate.enrollment.attempts.get()
    for address in ("/", reverse("assessment:result", args=[attempt.pk])):
        assert "Your certificate was revoked on" in client.get(address).text
    assert not certificate.is_valid()


def test_the_records_know_a_withdrawn_certificate_and_name_one_that_was_changed_behind_the_log(admin, certificate):
    revoke_certificate(certificate, reason="So.", by=admin)
    assert [line for line in [*check_all.differences(), *audit_log.differences()] if "certificate" in line] == []
    nothing = {"revoked_at": None, "revoked_by": None, "revocation_reason": ""}
    Certificate.objects.filter(pk=certificate.pk).update(**nothing)
    assert [line for line in audit_log.differences() if "certificate-revoked" in line]
    other = certificate_of(make_user())
    past_the_log = {"revoked_at": other.issued_at, "revoked_by": admin, "revocation_reason": "x"}
    Certificate.objects.filter(pk=other.pk).update(**past_the_log)
    found = list(audit_log.differences())
    assert f"certificate {other.pk}: the audit log has no “certificate-revoked” with the same data" in found


def listed_certificate(name, days=None, **fields):
    enrollment = make_enrollment(make_user(name))
    complete_course(enrollment)
    until = None if days is None else site_day() + days * DAY
    Certificate.objects.filter(enrollment=enrollment).update(valid_until=until, **fields)
    return enrollment


def shown(client, **chosen):
    return sorted(each.holder for each in client.get(LIST, chosen).context["cl"].queryset)


def test_it_is_filtered_by_whether_a_certificate_is_valid_today_ends_soon_or_has_ended(client, admin, settings):
    settings.CERTIFICATE_EXPIRY_NOTICE_DAYS = 60
    withdrawn = {"revoked_at": admin.joined_at, "revoked_by": admin, "revocation_reason": "Why"}
    for name, days in (("no end", None), ("last day", 0), ("soon", 60), ("later", 61), ("over", -1)):
        listed_certificate(name, days)
    listed_certificate("withdrawn", 9, **withdrawn)
    listed_certificate("over and withdrawn", -9, **withdrawn)
    assert shown(client, validity="valid") == ["last day", "later", "no end", "soon"]
    assert shown(client, validity="ending") == ["last day", "soon"]
    assert shown(client, validity="ended") == ["over"]
    assert len(shown(client)) == len(shown(client, validity="x")) == 7
    assert shown(client, validity="ended", revoked_at__isempty="0") == []


def test_a_run_is_named_by_the_title_of_its_course_in_the_language_of_the_reader(client, admin):
    run = listed_certificate("Lea")
    page = client.get(reverse("admin:assessment_certificate_change", args=[run.certificate.pk])).text
    assert "Lea · Rules of the tea room" in page
    assert "Lea · tea-room" not in page


def test_certificate_is_found_by_number_and_holder(client, admin):
    run = listed_certificate("Lea")
    run.learner.staff_number = "A0012"
    run.learner.save()
    number = run.certificate.number
    listed_certificate("Bo")
    for typed in (number, grouped(number), grouped(number).lower(), "ａ００１２"):
        assert shown(client, q=typed) == ["Lea"]
    assert shown(client, q="Bo") == ["Bo"]
