from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from courseware.accounts.addresses import stays_here
from courseware.evidence.models import Event
from courseware.evidence.verifying import verify
from tests.making import BY_THE_CLOCK_OF_THE_TEST, PASSWORD, make_admin, make_team, make_user

pytestmark = pytest.mark.django_db
WRONG = "not-the-password"


def sign_in(client, email, password=PASSWORD, **fields):
    return client.post(reverse("account_login"), {"login": email, "password": password, **fields})


def verbs():
    return list(Event.objects.values_list("verb", "subject"))


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "////evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https://evil.example",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    "http://[evil",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,x",
    "ftp://testserver/",
    "\x08//evil.example",
    "",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_no_form_leads_elsewhere(url, client, rf):
    assert not stays_here(url, rf.get("/"))
    person = make_user()
    assert sign_in(client, person.email, next=url)["Location"] == "/start/"
    assert client.post(reverse("set-language"), {"language": "en", "next": url})["Location"] == "/"
    assert client.post(reverse("account_logout"), {"next": url})["Location"] == "/"


@pytest.mark.parametrize("url", ["/", "/team/?state=overdue", "/learn/a/b/#q-c", "http://testserver/team/"])
def test_pages_of_this_host_are_gone_back_to(url, client, rf):
    assert stays_here(url, rf.get("/"))
    assert sign_in(client, make_user().email, next=url)["Location"] == url


def test_a_page_in_clear_text_is_not_gone_to_from_a_secure_one(rf):
    assert not stays_here("http://testserver/", rf.get("/", secure=True))


def test_sign_in_leads_to_ones_work_and_is_logged(client):
    person = make_user(email="Ming.Wang@Example.com")
    response = sign_in(client, " ming.wang@EXAMPLE.com ")
    assert (response.status_code, response["Location"]) == (302, "/start/")
    assert verbs() == [("signed-in", f"person:{person.pk}")]
    assert Event.objects.get().actor == person


def test_sign_out_ends_the_session_and_is_logged(client):
    person = make_user()
    sign_in(client, person.email)
    old = client.cookies["sessionid"].value
    response = client.post(reverse("account_logout"))
    assert response["Location"] == "/"
    client.cookies["sessionid"] = old
    assert client.get(reverse("account_change_password")).status_code == 302
    assert verbs()[1:] == [("signed-out", f"person:{person.pk}")]


def test_looking_at_the_sign_out_page_signs_nobody_out(client):
    client.force_login(make_user())
    assert client.get(reverse("account_logout")).status_code == 200
    assert client.get(reverse("account_change_password")).status_code == 200


def test_sign_in_gives_a_new_session_key_and_the_old_one_is_dead(client):
    person = make_user()
    client.get(reverse("account_login"))
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted
    sign_in(client, person.email)
    assert client.cookies["sessionid"].value != planted
    client.cookies["sessionid"] = planted
    assert client.get(reverse("account_change_password")).status_code == 302


def test_the_answer_is_the_same_for_known_and_unknown_addresses(client):
    known = make_user(email="known@example.com")
    pages = []
    for email in ("known@example.com", "other@example.com"):
        response = sign_in(client, email, WRONG)
        token = response.context["csrf_token"]
        pages.append((response.status_code, response.content.decode().replace(str(token), "").replace(email, "")))
    assert set(pages[0][1].splitlines()) ^ set(pages[1][1].splitlines()) == set()
    assert pages[0][0] == pages[1][0]
    assert pages[0][0] == 422
    assert verbs() == [("sign-in-failed", f"person:{known.pk}"), ("sign-in-failed", "person:unknown")]


@BY_THE_CLOCK_OF_THE_TEST
def test_the_log_holds_one_failure_for_each_account_and_hour_and_how_many_followed(client, time_machine):
    known, other = make_user(email="known@example.com"), make_user(email="other@example.com")

    def tried_at(minute):
        time_machine.move_to(datetime(2026, 11, 25, 8, tzinfo=UTC) + timedelta(minutes=minute))
        client.defaults["REMOTE_ADDR"] = f"203.0.113.{minute}"  # else the later tries would have to wait
        before = Event.objects.count()
        for email in ("known@example.com", "Known@example.com", f"n{minute}@example.com", f"m{minute}@example.com"):
            sign_in(client, email, WRONG)
        return list(Event.objects.order_by("pk")[before:].values_list("verb", "subject", "data"))

    one, nobody = f"person:{known.pk}", "person:unknown"
    assert tried_at(0) == [("sign-in-failed", one, {}), ("sign-in-failed", nobody, {})]
    assert [tried_at(minute) for minute in (5, 30, 59)] == [[], [], []]
    assert tried_at(61) == [
        ("sign-in-failed", one, {"since_last": 7}), ("sign-in-failed", nobody, {"since_last": 7}),
    ]  # fmt: skip
    sign_in(client, other.email, WRONG)
    assert Event.objects.latest("pk").subject == f"person:{other.pk}"
    assert verify() == []


def test_no_word_of_what_was_typed_is_logged(client):
    make_user(email="known@example.com")
    for email in ("known@example.com", "other@example.com"):
        sign_in(client, email, WRONG)
    assert not any(event.data for event in Event.objects.all())


def test_who_is_closed_out_learns_it_only_with_the_right_password(client):
    person = make_user(is_active=False)
    assert sign_in(client, person.email, WRONG).status_code == 422
    response = sign_in(client, person.email)
    assert response["Location"] == reverse("account_inactive")
    assert "closed" in client.get(response["Location"]).content.decode()
    assert verbs()[1:] == [("sign-in-refused", f"person:{person.pk}")]


def test_errors_are_announced_linked_and_answered_422(client):
    response = sign_in(client, " ", "")
    page = response.content.decode()
    assert response.status_code == 422
    assert "<title>Error: Sign in" in page
    assert 'role="alert" tabindex="-1" autofocus' in page
    assert '<a href="#id_login">' in page
    assert '<a href="#id_password">' in page
    assert page.count("autofocus") == 1
    assert page.count('aria-invalid="true"') == 2
    assert 'aria-describedby="id_login_error"' in page


def test_the_sign_in_page_is_made_for_password_managers(client):
    page = client.get(reverse("account_login")).content.decode()
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert "placeholder" not in page
    assert reverse("account_reset_password") in page
    assert "sign-up" not in page.lower()
    assert 'name="language"' in page


@pytest.mark.parametrize("value", ["\x00", "a\x00@example.com", "x" * 10**6, "'; --", "<script>"])
def test_whatever_is_typed_is_answered(client, value):
    assert sign_in(client, value, value).status_code == 422
    assert client.post(reverse("account_reset_password"), {"email": value}).status_code in {302, 422}


@pytest.mark.parametrize("path", ["signup/", "email/", "login/code/", "confirm-email/"])
def test_their_usual_addresses_are_not_found(path, client):
    assert client.get(f"/accounts/{path}").status_code == 404
    assert client.post(f"/accounts/{path}", {"email": "new@example.com", "password1": PASSWORD}).status_code == 404


def test_the_admin_has_no_door_of_its_own(client):
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/accounts/login/?next=%2Fadmin%2F"
    admin = make_admin()
    response = client.post("/admin/login/?next=/admin/", {"username": admin.email, "password": PASSWORD})
    assert response["Location"].startswith("/accounts/login/")
    assert client.get("/admin/").status_code == 302
    assert sign_in(client, admin.email, next="/admin/")["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/password_change/")["Location"] == reverse("account_change_password")
    client.post("/admin/logout/")
    assert client.get("/admin/").status_code == 302
    assert ("signed-out", f"person:{admin.pk}") in verbs()


def test_learners_and_managers_do_not_enter_the_admin(client):
    for person in (make_user(), make_team().manager):
        client.force_login(person)
        assert client.get("/admin/", follow=True).status_code == 403


def test_looking_changes_nothing(client):
    person = make_user()
    client.force_login(person)
    names = ["account_login", "account_logout", "account_change_password", "account_reset_password", "account_inactive"]
    for url in [*map(reverse, names), reverse("account_reset_password_done"), reverse("account_reauthenticate")]:
        client.get(url)
    assert client.get(reverse("set-language")).status_code == 405
    assert not Event.objects.exists()
    before = person.password, person.language, person.session_number
    person.refresh_from_db()
    assert (person.password, person.language, person.session_number) == before


def test_a_request_past_the_first_of_two_proxies_is_counted_and_no_fault(client, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    user = make_user()
    answer = client.post(
        reverse("account_login"), {"login": user.email, "password": WRONG}, headers={"x-forwarded-for": "203.0.113.7"}
    )
    assert answer.status_code == 422
    assert sign_in(client, user.email, headers={"x-forwarded-for": "203.0.113.7"}).status_code == 302
