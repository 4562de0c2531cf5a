"""Own sessions, account page, security emails, and `clearsessions`."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courseware.accounts.models import User
from courseware.accounts.security.trusted_devices import in_words
from courseware.audit_log.models import Event
from courseware.autosave.store import save, unsaved_in
from tests.accounts.test_invitations import NEW, choose, path_of_link
from tests.making import BY_THE_CLOCK_OF_THE_TEST, PASSWORD, make_admin, make_user, sent_emails

pytestmark = pytest.mark.django_db
PAGE, ACCOUNT = reverse("usersessions_list"), reverse("own-account")
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)


def signed_in(person, user_agent=FIREFOX, client=None, password=PASSWORD):
    client = client or Client()
    fields = {"login": person.sign_in_name, "password": password}
    assert client.post(reverse("account_login"), fields, headers={"user-agent": user_agent}).status_code == 302
    return client


def is_in(client):
    return client.get(reverse("account_change_password")).status_code == 200


@pytest.fixture
def person():
    return make_user(language="en")


def test_person_sees_own_sessions_only(person):
    here, _phone, _other = signed_in(person), signed_in(person, IPHONE), signed_in(make_user())
    page = here.get(PAGE)
    assert [session.browser for session in page.context["sessions"]] == ["Firefox · Windows", "Safari · iPhone"]
    assert page.content.decode().count("Sign out device</button>") == 1


def test_person_ends_one_session(person):
    here, phone, tablet = (signed_in(person, agent) for agent in (FIREFOX, IPHONE, FIREFOX))
    chosen = here.get(PAGE).context["sessions"][1]
    for _ in range(2):
        assert here.post(PAGE, {"session": chosen.pk})["Location"] == PAGE
    assert [is_in(client) for client in (here, phone, tablet)] == [True, False, True]
    assert len(here.get(PAGE).context["sessions"]) == 2
    event = Event.objects.get(verb="own-sessions-ended")
    assert (event.actor, event.subject) == (person, f"person:{person.pk}")


def test_person_ends_all_other_sessions(person):
    here, phone, tablet = (signed_in(person) for _ in range(3))
    here.post(PAGE)
    assert [is_in(client) for client in (here, phone, tablet)] == [True, False, False]


@pytest.mark.parametrize("session", ["own", "foreign", "0", "x", "-1", "99999999999999999999"])
def test_invalid_session_id_ends_nothing(session, person):
    here, other = signed_in(person), signed_in(make_user())
    keys = {"own": here, "foreign": other}
    sent = keys[session].get(PAGE).context["sessions"][0].pk if session in keys else session
    assert here.post(PAGE, {"session": sent}).status_code == 302
    assert (is_in(here), is_in(other)) == (True, True)
    assert not Event.objects.filter(verb="own-sessions-ended").exists()


@pytest.mark.parametrize("user_agent, words", [
    (FIREFOX, "Firefox · Windows"), (IPHONE, "Safari · iPhone"), ("", ""), ("<script>", ""),
    ("Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36 EdgA/130.0", "Edge · Android"),
    ("Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36 MicroMessenger/8.0", "WeChat · Android"),
])  # fmt: skip
def test_browser_and_system_are_recognized(user_agent, words):
    assert in_words(user_agent) == words


def test_new_browser_is_reported_by_email(person):
    here = signed_in(person)
    here.post(reverse("account_logout"))
    signed_in(person, client=here)
    assert sent_emails() == []
    signed_in(person, IPHONE)
    [email] = sent_emails()
    assert email.to == [person.email]
    assert "from a new browser.\nSafari · iPhone\n" in email.body


def test_changed_password_is_reported_by_email():
    newcomer = make_user(password=None, language="en")
    choose(Client(), path_of_link(newcomer))
    assert sent_emails() == []
    newcomer.refresh_from_db()
    choose(Client(), path_of_link(newcomer))
    assert ["Your password was changed." in email.body for email in sent_emails()] == [True]


def test_password_change_makes_other_browsers_untrusted(person):
    phone, here = signed_in(person, IPHONE), signed_in(person)
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    here.post(reverse("account_change_password"), fields)
    here.post(reverse("account_logout"))
    assert ["Your password was changed." in email.body for email in sent_emails()] == [False, True]
    sent_emails().clear()
    signed_in(person, IPHONE, phone, NEW)
    assert ["Safari · iPhone" in email.body for email in sent_emails()] == [True]
    signed_in(person, FIREFOX, here, NEW)
    assert len(sent_emails()) == 1


def test_changed_address_is_reported_to_old_one(person, django_capture_on_commit_callbacks):
    old, admin = person.email, Client()
    admin.force_login(make_admin())
    fields = {
        "name": person.name, "email": "new@example.com", "language": "en", "extra_time": "", "is_active": "on",
        "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0,
    }  # fmt: skip
    for _ in range(2):  # no email without a change
        with django_capture_on_commit_callbacks(execute=True):
            assert admin.post(f"/admin/accounts/user/{person.pk}/change/", fields).status_code == 302
    [email] = sent_emails()
    assert (email.to, "Your sign-in email address was changed." in email.body) == ([old], True)


def main_of(response):
    page = response.content.decode()
    return page[page.index("<main") : page.index("</main>")]


def test_account_page_shows_name_and_identifiers():
    person = make_user("Wang Ming", email="ming@example.com", staff_number="A7", language="en")
    page = main_of(signed_in(person).get(ACCOUNT))
    assert "Wang Ming" in page
    assert "ming@example.com or A7" in page
    number = User.objects.create_user(None, PASSWORD, name="Wu Fan", staff_number="B8", language="en")
    page = main_of(signed_in(number).get(ACCOUNT))
    assert "<dd>B8</dd>" in page
    assert "ming@example.com" not in page


def test_person_without_password_can_set_one(client):
    person = make_user(password=None)
    client.force_login(person)
    page = main_of(client.get(ACCOUNT))
    assert reverse("account_set_password") in page
    assert reverse("account_change_password") not in page


def cached():
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM cache WHERE cache_key LIKE '%held-form%'")
        return {key.rpartition(":")[2] for (key,) in cursor.fetchall()}


def sessions():
    return Session.objects.count(), set(UserSession.objects.values_list("user__name", flat=True))


@BY_THE_CLOCK_OF_THE_TEST
def test_clearsessions_deletes_only_expired_data(time_machine):
    now = timezone.now().replace(microsecond=0)
    time_machine.move_to(now, tick=False)
    signed_in(make_user("Yesterday's"))
    cache.set_many({"held-form:ends": "typed", "held-form:at-its-last-second": "typed"}, 13 * 60 * 60)
    cache.set("held-form:ends", "typed", 60)
    cache.set("held-form:for-good", "typed", None)
    time_machine.move_to(now + timedelta(hours=13), tick=False)
    live = signed_in(make_user("Today's"))
    signed_in(make_user("Signed out")).post(reverse("account_logout"))
    cache.set("held-form:begins", "typed", 60)
    assert sessions() == (2, {"Yesterday's", "Today's", "Signed out"})
    for _ in range(2):
        events = Event.objects.count()
        call_command("clearsessions")
        assert sessions() == (1, {"Today's"})
        assert cached() == {"at-its-last-second", "for-good", "begins"}
        assert Event.objects.count() == events
    assert is_in(live)
    assert len(live.get(PAGE).context["sessions"]) == 1


@BY_THE_CLOCK_OF_THE_TEST
@pytest.mark.parametrize("number", [1, 3])
def test_clearsessions_needs_constant_number_of_queries(number, time_machine, django_assert_num_queries):
    for _ in range(number):
        signed_in(make_user())
    time_machine.move_to(timezone.now() + timedelta(hours=13))
    with django_assert_num_queries(5):  # one checks for the cache table
        call_command("clearsessions")
    assert sessions() == (0, set())


def test_autosaved_texts_are_deleted_after_30_days():
    person, now = make_user(), timezone.now()
    save(person.pk, "/old/", {"text": "Typed"}, at=now - timedelta(days=30))
    save(person.pk, "/new/", {"text": "Typed"}, at=now - timedelta(days=29))
    call_command("clearsessions")
    assert set(unsaved_in(person.pk, ["/old/", "/new/"])) == {"/new/"}
