"""Sign-in codes for people without an email address, as a list to print and one by one."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from courseware.accounts.models import SignInCode, User
from courseware.accounts.sign_in import sign_in_codes
from courseware.accounts.sign_in.sign_in_codes import HOLDS_FOR, give_code
from courseware.audit_log.models import Event
from tests.counting import statements
from tests.making import PASSWORD, join, make_admin, make_auditor, make_editor, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
PAGE = "/people/codes/"


def without_email(name, number, **fields):
    return User.objects.create_user(None, None, name=name, staff_number=number, **fields)


@pytest.fixture
def people(team):
    found = [without_email(f"Wu Fan {number}", f"A{number}") for number in range(3)]
    for person in found:
        join(team, person)
    return found


@pytest.fixture
def signed_in(client):
    client.force_login(make_hr(language="en"))
    return client


def form_of(client):
    page = client.get(PAGE)
    return {"token": page.context["token"], "person": [person.pk for person in page.context["people"]]}


def codes_on(response):
    return [
        "".join(pair) for pair in re.findall(r"<span>([A-Z0-9]{4})</span> <span>([A-Z0-9]{4})</span>", response.text)
    ]


def test_only_submit_creates_working_logged_codes(signed_in, people, settings):
    settings.SITE_URL = "https://training.example.com"
    form = form_of(signed_in)
    assert len(form["person"]) == 3 and not SignInCode.objects.exists()
    answer = signed_in.post(PAGE, form)
    codes = codes_on(answer)
    assert len(set(codes)) == 3 and "no-store" in answer["Cache-Control"]
    assert answer.text.count("training.example.com") == 3 and "Night shift" in answer.text
    assert Event.objects.filter(verb="sign-in-code-created").count() == 3
    other = type(signed_in)()
    assert other.post(reverse("account_sign_in_code"), {"name": "A0", "code": codes[0]}).status_code == 302
    assert people[0].pk in SignInCode.objects.values_list("person", flat=True)
    assert codes_on(signed_in.get(PAGE)) == []


@pytest.mark.django_db(transaction=True)
def test_codes_of_list_are_created_all_or_none(signed_in, people, monkeypatch):
    form = form_of(signed_in)
    given = []
    monkeypatch.setattr(sign_in_codes, "may_give_code", lambda *_: given.append(1) or len(given) < 3 or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        signed_in.post(PAGE, form)
    assert not SignInCode.objects.exists()


def test_only_learners_without_other_sign_in_get_codes(signed_in, people):
    manager = without_email("Boss", "B1")
    make_team(manager=manager)
    for make, number in ((make_hr, "H1"), (make_auditor, "U1"), (make_editor, "E1"), (make_admin, "S1")):
        other = make(staff_number=number)
        User.objects.filter(pk=other.pk).update(email=None, password="!")
    with_password = without_email("Has one", "P1")
    with_password.set_password("a-password-for-tests")
    with_password.save()
    gone = without_email("Gone", "G1", is_active=False)
    mailed = make_user("Mailed", staff_number="M1")
    form = form_of(signed_in)
    assert set(form["person"]) == {person.pk for person in people}
    keys = [*User.objects.values_list("pk", flat=True)]
    assert {manager.pk, with_password.pk, gone.pk, mailed.pk} < set(keys)
    signed_in.post(PAGE, form | {"person": keys})
    assert set(SignInCode.objects.values_list("person", flat=True)) == {person.pk for person in people}


def test_valid_code_is_not_replaced_until_it_expires(signed_in, people, time_machine):
    give_code(people[0], by=make_hr())
    digest = SignInCode.objects.get().digest
    page = signed_in.get(PAGE)
    assert people[0] not in page.context["people"] and "has a sign-in code that is valid until" in page.text
    answer = signed_in.post(PAGE, form_of(signed_in) | {"person": [person.pk for person in people]})
    assert len(codes_on(answer)) == 2
    assert SignInCode.objects.get(person=people[0]).digest == digest
    # Once it has expired, the person is listed again.
    SignInCode.objects.update(given_at=timezone.now() - HOLDS_FOR - timedelta(minutes=1))
    assert len(form_of(signed_in)["person"]) == 3


def test_resubmit_shows_same_codes_briefly_to_same_user(signed_in, client, people):
    form = form_of(signed_in)
    codes = codes_on(signed_in.post(PAGE, form))
    assert codes_on(signed_in.post(PAGE, form)) == codes
    assert Event.objects.filter(verb="sign-in-code-created").count() == 3
    SignInCode.objects.update(given_at=timezone.now() - timedelta(minutes=3))
    assert codes_on(signed_in.post(PAGE, form, follow=True)) == []
    SignInCode.objects.update(given_at=timezone.now())
    client.force_login(make_hr())
    assert codes_on(client.post(PAGE, form, follow=True)) == []


def test_invite_link_page_offers_printed_codes_to_hr_only(client, signed_in, team):
    assert PAGE in signed_in.get("/people/invite-links/").text
    client.force_login(team.manager)
    assert PAGE not in client.get("/people/invite-links/").text


def test_empty_selection_creates_no_codes(signed_in, people):
    assert "No code was created" in signed_in.post(PAGE, {}, follow=True).text
    assert not SignInCode.objects.exists()


def test_slip_is_in_language_of_person(signed_in, people):
    User.objects.filter(pk=people[0].pk).update(language="zh-hans")
    User.objects.filter(pk=people[1].pk).update(language="en")
    text = signed_in.post(PAGE, form_of(signed_in)).text
    assert text.count('class="slip" lang="zh-hans"') >= 1 and text.count('class="slip" lang="en"') >= 1


def test_page_filters_by_team_with_constant_queries(signed_in, people, team):
    other = without_email("Other", "Z1")
    page = signed_in.get(f"{PAGE}?team={team.pk}")
    assert other not in page.context["people"] and len(page.context["people"]) == 3
    one = statements(lambda: signed_in.get(PAGE))
    for number in range(5):
        without_email("More", f"M{number}")
    assert statements(lambda: signed_in.get(PAGE)) == one


@pytest.fixture
def person():
    return User.objects.create_user(None, None, name="Wu Fan", staff_number="A7")


def page_of(person):
    return reverse("hr:sign-in-code", args=[person.pk])


def sign_in(client, user):
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})


def test_single_code_is_created_on_submit_only(client, person, settings):
    settings.SITE_URL = "https://training.example.com"
    sign_in(client, make_hr(language="en"))
    assert "Create sign-in code" in client.get(page_of(person)).content.decode()
    assert SignInCode.objects.count() == 0
    response = client.post(page_of(person))
    page = response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert "Open training.example.com and click" in page
    assert "Type A7 and the sign-in code." in page
    code = "".join(re.findall(r"<span>([A-Z0-9]{4})</span>", page))
    other = type(client)()
    assert other.post(reverse("account_sign_in_code"), {"name": "A7", "code": code}).status_code == 302


def test_manager_creates_codes_for_own_people_only(client, team, person):
    client.force_login(team.manager)
    assert {send(page_of(person)).status_code for send in (client.get, client.post)} == {404}
    assert not SignInCode.objects.exists()
    join(team, person)
    assert client.post(page_of(person)).status_code == 200
    assert SignInCode.objects.get().person == person
