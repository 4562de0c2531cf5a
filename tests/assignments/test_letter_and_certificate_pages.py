"""Letters, to read, and certificates, to withdraw: for human resources."""

import pytest

from courseware.accounts.models import User
from courseware.assessment.models import Certificate
from courseware.evidence.models import Event
from courseware.outbox.models import Message
from tests.making import make_admin, make_auditor, make_editor, make_enrollment, make_hr, make_user
from tests.world import complete_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def hr(client):
    hr = make_hr(name="Hana")
    client.force_login(hr)
    return hr


def letter(person, **fields):
    return Message.objects.create(kind="invitation", person=person, address=person.email, **fields)


def test_letters_to_everybody_but_staff_are_listed_with_what_became_of_them(client, hr):
    first, second = make_user("Li Na", email="li@example.com"), make_user("Wu")
    letter(first, state="sent")
    letter(second, state="skipped", why="the person may not sign in any more")
    for staff in (make_admin(), make_editor(), make_user(is_superuser=True)):
        letter(staff)
    Message.objects.create(kind="no-account", person=None, address="stranger@example.com")
    found = client.get("/people/letters/")
    assert [each.person for each in found.context["page"]] == [second, first]
    assert "the person may not sign in any more" in found.text
    assert [each.person for each in client.get("/people/letters/", {"state": "sent"}).context["page"]] == [first]
    by_address = client.get("/people/letters/", {"address": "LI@example.com"})
    assert [each.person for each in by_address.context["page"]] == [first]
    User.objects.filter(pk=second.pk).update(staff_number="A0012")
    for typed in ("A0012", " ａ００１２"):
        by_number = client.get("/people/letters/", {"address": typed})
        assert [each.person for each in by_number.context["page"]] == [second]
    assert len(client.get("/people/letters/", {"address": "A001"}).context["page"].object_list) == 0
    for wrong in ({"state": "x"}, {"address": "\0"}):
        assert len(client.get("/people/letters/", wrong).context["page"].object_list) == 2


def test_no_link_leads_to_a_page_that_is_not_there(client, hr):
    auditor = make_auditor()
    letter(auditor)
    found = client.get("/people/letters/")
    assert [each.person for each in found.context["page"]] == [auditor]
    assert f"/people/{auditor.pk}/" not in found.text


def certificate_of(person):
    run = make_enrollment(person)
    complete_course(run)
    return Certificate.objects.get(enrollment=run)


def test_a_certificate_is_withdrawn_once_with_a_reason(client, hr):
    certificate = certificate_of(make_user("Li Na"))
    address = f"/people/certificates/{certificate.pk}/withdraw/"
    holder = f"/people/{certificate.enrollment.learner_id}/"
    assert address in client.get(holder).text
    assert client.post(address, {"reason": " "}).status_code == 422
    for reason in ("Somebody else sat the exam", "Another reason"):
        assert client.post(address, {"reason": reason}).url == holder
    certificate.refresh_from_db()
    assert (certificate.withdrawn_by, certificate.withdrawn_reason) == (hr, "Somebody else sat the exam")
    assert Event.objects.filter(verb="certificate-withdrawn").count() == 1
    assert address not in client.get(holder).text
    assert "Somebody else sat the exam" in client.get(address).text


@pytest.mark.parametrize("make", [make_admin, make_editor, make_auditor, lambda: None])
def test_human_resources_withdraw_no_certificate_of_staff_auditors_or_their_own(client, hr, make):
    certificate = certificate_of(make() or hr)
    address = f"/people/certificates/{certificate.pk}/withdraw/"
    assert client.get(address).status_code == client.post(address, {"reason": "X"}).status_code == 404
    certificate.refresh_from_db()
    assert certificate.withdrawn_at is None
