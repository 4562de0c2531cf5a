from datetime import UTC, datetime, timedelta

import pytest
from django.core.checks import Tags, run_checks
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courseware.accounts.models import TrustedDevice, User
from courseware.accounts.security.reauthentication import is_fresh
from courseware.accounts.sign_in.identifiers import plain_name
from courseware.accounts.sign_in.invitations import password_link
from courseware.accounts.sign_in.passwords import SmallArgon2Hasher
from courseware.accounts.sign_in.return_urls import is_own_url, page_address
from courseware.audit_log.models import Event
from courseware.audit_log.verify import verify
from courseware.notifications.models import OutgoingEmail
from tests.making import BY_THE_CLOCK_OF_THE_TEST, PASSWORD, make_admin, make_user, sent_emails

pytestmark = pytest.mark.django_db
WRONG = "not-the-password"


def sign_in(client, email, password=PASSWORD, **fields):
    return client.post(reverse("account_login"), {"login": email, "password": password, **fields})


def verbs():
    return list(Event.objects.values_list("verb", "subject"))


FOREIGN_URLS = [
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


@pytest.mark.parametrize("url", FOREIGN_URLS)
def test_form_redirects_only_to_own_site(url, client, rf):
    assert not is_own_url(url, rf.get("/"))
    person = make_user()
    assert sign_in(client, person.email, next=url)["Location"] == "/start/"
    assert client.post(reverse("set-language"), {"language": "en", "next": url})["Location"] == "/"
    assert client.post(reverse("account_logout"), {"next": url})["Location"] == "/"


@pytest.mark.parametrize("url", ["/", "/team/?state=overdue", "/learn/a/b/#q-c", "http://testserver/team/"])
def test_redirect_to_own_pages_is_followed(url, client, rf):
    assert is_own_url(url, rf.get("/"))
    assert sign_in(client, make_user().email, next=url)["Location"] == url


def test_insecure_redirect_from_secure_page_is_refused(rf):
    assert not is_own_url("http://testserver/", rf.get("/", secure=True))


def test_sign_in_opens_start_page_and_is_logged(client):
    person = make_user(email="Ming.Wang@Example.com")
    response = sign_in(client, " ming.wang@EXAMPLE.com ")
    assert (response.status_code, response["Location"]) == (302, "/start/")
    assert verbs() == [("signed-in", f"person:{person.pk}")]
    assert Event.objects.get().actor == person


def test_sign_out_ends_session_and_is_logged(client):
    person = make_user()
    sign_in(client, person.email)
    old = client.cookies["sessionid"].value
    response = client.post(reverse("account_logout"))
    assert response["Location"] == "/"
    client.cookies["sessionid"] = old
    assert client.get(reverse("account_change_password")).status_code == 302
    assert verbs()[1:] == [("signed-out", f"person:{person.pk}")]


def test_opening_sign_out_page_signs_nobody_out(client):
    client.force_login(make_user())
    assert client.get(reverse("account_logout")).status_code == 200
    assert client.get(reverse("account_change_password")).status_code == 200


def test_sign_in_changes_session_key(client):
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


def test_failed_sign_in_does_not_reveal_known_address(client):
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


@pytest.mark.slow
@BY_THE_CLOCK_OF_THE_TEST
def test_failures_are_logged_once_per_account_and_hour(client, time_machine):
    known, other = make_user(email="known@example.com"), make_user(email="other@example.com")

    def tried_at(minute):
        time_machine.move_to(datetime(2026, 11, 25, 8, tzinfo=UTC) + timedelta(minutes=minute))
        client.defaults["REMOTE_ADDR"] = f"203.0.113.{minute}"  # avoids throttling
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


def test_inactive_account_is_revealed_only_with_password(client):
    person = make_user(is_active=False)
    assert sign_in(client, person.email, WRONG).status_code == 422
    response = sign_in(client, person.email)
    assert response["Location"] == reverse("account_inactive")
    assert "closed" in client.get(response["Location"]).content.decode()
    assert verbs()[1:] == [("sign-in-refused", f"person:{person.pk}")]


def test_sign_in_page_supports_password_managers(client):
    page = client.get(reverse("account_login")).content.decode()
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert "placeholder" not in page


@pytest.mark.parametrize("value", ["\x00", "a\x00@example.com", "x" * 10**6, "'; --", "<script>"])
def test_any_input_is_answered(client, value):
    assert sign_in(client, value, value).status_code == 422
    assert client.post(reverse("account_reset_password"), {"email": value}).status_code in {302, 422}


@pytest.mark.parametrize("path", ["signup/", "email/", "login/code/", "confirm-email/"])
def test_unused_allauth_urls_are_not_found(path, client):
    assert client.get(f"/accounts/{path}").status_code == 404
    assert client.post(f"/accounts/{path}", {"email": "new@example.com", "password1": PASSWORD}).status_code == 404


def test_admin_uses_sign_in_of_site(client):
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


def test_request_past_one_of_two_proxies_is_counted(client, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    user = make_user()
    answer = client.post(
        reverse("account_login"), {"login": user.email, "password": WRONG}, headers={"x-forwarded-for": "203.0.113.7"}
    )
    assert answer.status_code == 422
    assert sign_in(client, user.email, headers={"x-forwarded-for": "203.0.113.7"}).status_code == 302


@pytest.mark.parametrize(
    ("is_demo", "plain_http", "comes_in"),
    [(True, False, False), (True, True, True), (False, False, True), (False, True, True)],
)
def test_demo_account_signs_in_on_trial_site_only(is_demo, plain_http, comes_in, client, settings):
    settings.PLAIN_HTTP = plain_http
    person = make_user(is_demo=is_demo)
    response = sign_in(client, person.email)
    assert ("_auth_user_id" in client.session) is comes_in
    if not comes_in:
        assert response["Location"] == reverse("account_inactive")
        assert list(Event.objects.values_list("verb", flat=True)) == ["sign-in-refused"]


def test_link_does_not_sign_in_demo_account(client, settings):
    settings.PLAIN_HTTP = False
    person = make_user(is_demo=True)
    page = client.get(password_link(person).removeprefix(settings.SITE_URL))
    new = "four words nobody joined"
    client.post(page["Location"], {"password1": new, "password2": new})
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(("is_demo", "plain_http", "found"), [(1, 0, 1), (1, 1, 0), (0, 0, 0), (0, 1, 0)])
def test_demo_account_on_real_site_is_check_error(is_demo, plain_http, found, settings):
    settings.PLAIN_HTTP = bool(plain_http)
    make_user(is_demo=bool(is_demo))
    errors = run_checks(tags=[Tags.database], databases=["default"])
    assert [error.id for error in errors if error.is_serious()] == ["accounts.E001"] * found


LOGIN = "/accounts/login/"


def language_of(response):
    return response["Content-Language"]


def test_browser_language_is_used_without_choice(client, settings):
    settings.LANGUAGE_CODE = "zh-hans"
    assert language_of(client.get(LOGIN, headers={"accept-language": "en-GB"})) == "en"
    assert language_of(client.get(LOGIN, headers={"accept-language": "zh-CN"})) == "zh-hans"
    assert language_of(client.get(LOGIN, headers={"accept-language": "fr"})) == "zh-hans"


def test_chosen_language_is_stored_in_cookie(client):
    response = client.post(reverse("set-language"), {"language": "en", "next": "/accounts/login/?next=/team/"})
    assert response["Location"] == "/accounts/login/?next=/team/"
    assert response.cookies["language"]["httponly"]
    assert language_of(client.get(LOGIN, headers={"accept-language": "zh-CN"})) == "en"


def test_chosen_language_is_stored_with_person(client):
    person, other = make_user(language="zh-hans"), make_user(language="zh-hans")
    client.force_login(person)
    client.cookies["language"] = "en"
    page = reverse("account_change_password")
    assert language_of(client.get(page)) == "zh-hans"
    client.post(reverse("set-language"), {"language": "en"})
    person.refresh_from_db()
    other.refresh_from_db()
    assert (person.language, other.language) == ("en", "zh-hans")
    client.cookies["language"] = "zh-hans"
    assert language_of(client.get(page)) == "en"


@pytest.mark.parametrize("language", ["", "fr", "zh", "EN", "en\x00", "x" * 1000])
def test_unknown_language_is_refused(client, language):
    person = make_user(language="en")
    client.force_login(person)
    response = client.post(reverse("set-language"), {"language": language})
    assert response.status_code == 400
    assert "language" not in response.cookies
    person.refresh_from_db()
    assert person.language == "en"


def test_removed_language_does_not_break_page(client):
    client.force_login(make_user())
    type(make_user()).objects.update(language="fr")
    assert client.get(reverse("account_change_password")).status_code == 200


def test_form_with_errors_returns_to_its_page(rf):
    post = rf.post(
        "/learn/tea-room/boiling/answer/is-it-off/", HTTP_REFERER="http://testserver/learn/tea-room/boiling/?a=1#q"
    )
    assert page_address(post) == {"page_address": "/learn/tea-room/boiling/?a=1"}
    assert page_address(rf.post("/team/people/1/extend/")) == {"page_address": "/"}
    assert page_address(rf.get("/team/?state=overdue")) == {"page_address": "/team/?state=overdue"}


def make_numbered(number="A0012", **fields):
    return User.objects.create_user(None, PASSWORD, name="Wang Fang", staff_number=number, **fields)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        (" Ming.Wang@Example.com ", "ming.wang@example.com"),
        ("ming＠example．com", "ming@example.com"),
        ("ａ００１２", "A0012"),
        ("a 00 12", "A0012"),
        ("0012", "0012"),
    ],
)
def test_identifier_is_normalized(typed, plain):
    assert plain_name(typed) == plain


@pytest.mark.parametrize("typed", ["A0012", "a0012", "Ａ００１２", " a 0012 "])
def test_staff_number_signs_in(typed, client):
    for person in (make_numbered(), make_user(staff_number="B7")):
        response = sign_in(client, typed if person.email is None else "b7")
        assert (response.status_code, response["Location"]) == (302, "/start/")
        assert Event.objects.latest("pk").subject == f"person:{person.pk}"
        client.post(reverse("account_logout"))


def test_wrong_password_or_number_is_refused(client):
    make_numbered()
    for name, password in (
        ("A0012", WRONG),
        ("A0013", PASSWORD),
        ("A0012@example.com", PASSWORD),
        ("Wang Fang", PASSWORD),
    ):
        assert sign_in(client, name, password).status_code == 422, name


def test_staff_number_cannot_contain_at_sign():
    with pytest.raises(ValidationError, match="A staff number cannot contain @"):
        make_numbered("a@example.com")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_known_and_unknown_identifiers_cost_the_same(client, monkeypatch, settings):
    settings.PASSWORD_HASHERS = ["courseware.accounts.sign_in.passwords.SmallArgon2Hasher"]
    make_numbered()
    make_user(email="known@example.com", staff_number="B7")
    hashes = []
    for verb in ("encode", "verify"):
        real = getattr(SmallArgon2Hasher, verb)
        monkeypatch.setattr(SmallArgon2Hasher, verb, lambda *args, real=real: hashes.append(1) or real(*args))
    sign_in(client, "warm", WRONG)
    costs = {}
    for name in ("A0012", "A9999", "B7", "known@example.com", "other@example.com"):
        hashes.clear()
        with CaptureQueriesContext(connection) as queries:
            sign_in(client, name, WRONG)
        costs[name] = len(queries), len(hashes)
    assert len(set(costs.values())) == 1, costs
    assert costs["A0012"][1] == 1


def test_attempts_are_counted_per_normalized_number(client):
    make_numbered()
    answers = [sign_in(client, typed, WRONG) for typed in ("A0012", "a0012", "a 0012", "Ａ0012", "A0012", "a0012")]
    assert [b"Too many attempts" in each.content for each in answers] == [False] * 5 + [True]
    assert b"Too many attempts" not in sign_in(client, "A0013", WRONG).content


def test_correct_password_resets_count_of_both_identifiers(client):
    make_user(email="b@example.com", staff_number="B7")
    for name in ("B7", "b@example.com"):
        for _ in range(4):
            sign_in(client, name, WRONG)
    sign_in(client, "B7")
    client.post(reverse("account_logout"))
    answers = [sign_in(client, name, WRONG) for name in ("B7", "b@example.com") for _ in range(5)]
    assert not any(b"Too many attempts" in each.content for each in answers)


def test_browser_is_trusted_for_both_identifiers(client):
    person = make_user(email="b@example.com", staff_number="B7")
    for name in ("B7", "b@example.com"):
        sign_in(client, name)
        client.post(reverse("account_logout"))
    assert TrustedDevice.objects.filter(person=person).count() == 1
    assert sent_emails() == []


def test_person_with_number_only_can_reauthenticate(client):
    make_numbered()
    sign_in(client, "A0012")
    assert client.post(reverse("account_reauthenticate"), {"password": WRONG}).status_code == 422
    response = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert response.status_code == 302
    request = response.wsgi_request
    assert is_fresh(request)


def test_link_requested_by_number_goes_to_stored_address(client):
    make_numbered("A1")
    make_user(email="b@example.com", staff_number="B7")
    make_user(email="gone@example.com", staff_number="C1", is_active=False)
    for name in ("b7", "a1", "c1", "no-such-number"):
        response = client.post(reverse("account_reset_password"), {"email": name})
        assert response["Location"] == reverse("account_reset_password_done")
    assert [message.to for message in sent_emails()] == [["b@example.com"]]
    assert [(each.kind, each.why) for each in OutgoingEmail.objects.order_by("pk")] == [
        ("new-link", ""),
        ("new-link", "the person has no email address"),
        ("no-account", "the person has no email address"),
        ("no-account", "the person has no email address"),
    ]


@pytest.mark.parametrize(
    "typed",
    [
        "x@example.org(@example.com",  # which a mail server would read as x@example.org
        "x@example.org <x@example.com",
        "x@example.org,x@example.com",
        "x\ny@example.com",
        "@example.com",
        "ﷺ" * 99 + "@example.com",  # each becomes 18 letters
    ],
)
def test_invalid_address_gets_no_email(typed, client):
    response = client.post(reverse("account_reset_password"), {"email": typed})
    assert (response.status_code, OutgoingEmail.objects.count()) == (422, 0)


def test_person_needs_address_or_number():
    with pytest.raises(ValidationError, match="Enter an email address or a staff number"):
        User.objects.create_user(name="Wang")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(name="Wang", email=None)
