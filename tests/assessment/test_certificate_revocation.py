"""Revoking certificates: the person is no longer certified, completions stay."""

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
from tests.making import make_admin, make_enrollment, make_user, sent_emails
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


def test_admin_revocation_is_logged_and_emailed_to_holder(client, admin, certificate):
    before = facts()
    assert "1 certificate was revoked." in send(client, certificate).text
    state = state_of(certificate)
    assert (state["revoked_by"], state["revocation_reason"]) == (admin.pk, "The answers were passed on.")
    event = Event.objects.get(verb="certificate-revoked")
    assert (event.actor, event.subject, event.data, event.at) == (
        admin, f"enrollment:{certificate.enrollment_id}", {"certificate": certificate.pk}, state["revoked_at"],
    )  # fmt: skip
    (email,) = sent_emails()
    assert email.to == ["wang@example.com"] and email.subject == "Your certificate was revoked"
    assert "“Rules of the tea room”" in email.body and "The answers were passed on." in email.body
    assert facts() == before


def facts():
    """Completions and the enrollment's columns except `certified_until`."""
    return Completion.objects.count(), Enrollment.objects.values().get() | {"certified_until": None}


def test_confirmation_shows_holder_and_issue_date(client, admin, certificate):
    other = certificate_of(make_user("Other Holder"))
    form = {"action": "withdraw", ACTION_CHECKBOX_NAME: [certificate.pk]}
    page = soup(client.post(LIST, form)).find(id="content")
    day = timezone.localdate(certificate.issued_at)
    assert [one.get_text() for one in page.select("form li")] == [f"Wang Xiaoming · {day}"]
    assert not any(text in str(page) for text in (certificate.number, other.number, "Other Holder"))


@pytest.mark.slow
def test_second_revocation_is_ignored(client, admin, certificate):
    send(client, certificate)
    before = state_of(certificate)
    assert "0 certificates were revoked." in send(client, certificate, reason="Another reason.").text
    assert state_of(certificate) == before
    assert (len(sent_emails()), Event.objects.filter(verb="certificate-revoked").count()) == (1, 1)


@pytest.mark.parametrize("reason", ["", " ", "x" * 201])
def test_revocation_without_valid_reason_is_refused(client, admin, certificate, reason):
    response = send(client, certificate, reason=reason)
    assert response.status_code == 422
    assert state_of(certificate)["revoked_at"] is None


@pytest.mark.slow
def test_admin_cannot_revoke_own_or_conflicting_certificate(client, admin, certificate):
    record("person-added", actor=certificate.enrollment.learner, subject=admin)
    for each in (certificate_of(admin), certificate):
        message = (
            f"You do not have permission to change the records of {each.enrollment.learner.name}. "
            "These records were not changed."
        )
        assert message in send(client, each).text
        assert state_of(each)["revoked_at"] is None
        with pytest.raises(RevocationNotAllowed):
            revoke_certificate(each, reason="So.", by=User.objects.get(pk=admin.pk))
    assert not OutgoingEmail.objects.filter(kind="certificate-revoked").exists()


def test_public_page_shows_revocation_without_reason(client, admin, certificate):
    address = reverse("assessment:certificate", args=[certificate.number])
    client.logout()
    assert "✓ Valid" in client.get(address).text
    revoke_certificate(certificate, reason="The answers were passed on.", by=admin)
    page = soup(client.get(address)).main.text
    assert "Revoked on" in page and "✓ Valid" not in page
    assert "passed on. " not in page and "answers were" not in page and "Ada" not in page


def test_holder_sees_revocation_on_home_and_result(client, admin, certificate, holder):
    revoke_certificate(certificate, reason="So.", by=admin)
    client.force_login(holder)
    attempt = certificate.enrollment.attempts.get()
    for address in ("/", reverse("assessment:result", args=[attempt.pk])):
        assert "Your certificate was revoked on" in client.get(address).text
    assert not certificate.is_valid()


@pytest.mark.slow
def test_integrity_check_reports_revocation_changed_past_log(admin, certificate):
    revoke_certificate(certificate, reason="So.", by=admin)
    assert [line for line in [*check_all.differences(), *audit_log.differences()] if "certificate" in line] == []
    not_revoked = {"revoked_at": None, "revoked_by": None, "revocation_reason": ""}
    Certificate.objects.filter(pk=certificate.pk).update(**not_revoked)
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


def listed_holders(client, **chosen):
    return sorted(each.holder for each in client.get(LIST, chosen).context["cl"].queryset)


@pytest.mark.slow
def test_admin_list_filters_by_validity(client, admin, settings):
    settings.CERTIFICATE_EXPIRY_NOTICE_DAYS = 60
    revoked = {"revoked_at": admin.joined_at, "revoked_by": admin, "revocation_reason": "Why"}
    for name, days in (("no end", None), ("last day", 0), ("soon", 60), ("later", 61), ("over", -1)):
        listed_certificate(name, days)
    listed_certificate("withdrawn", 9, **revoked)
    listed_certificate("over and withdrawn", -9, **revoked)
    assert listed_holders(client, validity="valid") == ["last day", "later", "no end", "soon"]
    assert listed_holders(client, validity="ending") == ["last day", "soon"]
    assert listed_holders(client, validity="ended") == ["over"]
    assert len(listed_holders(client)) == len(listed_holders(client, validity="x")) == 7
    assert listed_holders(client, validity="ended", revoked_at__isempty="0") == []


def test_enrollment_is_labelled_by_course_title_in_reader_language(client, admin):
    enrollment = listed_certificate("Lea")
    page = client.get(reverse("admin:assessment_certificate_change", args=[enrollment.certificate.pk])).text
    assert "Lea · Rules of the tea room" in page
    assert "Lea · tea-room" not in page


@pytest.mark.slow
def test_certificate_is_found_by_number_and_holder(client, admin):
    enrollment = listed_certificate("Lea")
    enrollment.learner.staff_number = "A0012"
    enrollment.learner.save()
    number = enrollment.certificate.number
    listed_certificate("Bo")
    for typed in (number, grouped(number), grouped(number).lower(), "ａ００１２"):
        assert listed_holders(client, q=typed) == ["Lea"]
    assert listed_holders(client, q="Bo") == ["Bo"]
