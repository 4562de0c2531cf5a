"""Two-step verification: who needs it, setup, sign-in, reset, encrypted secrets."""

import json
import re
from datetime import date
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from bs4 import BeautifulSoup
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courseware.accounts.permissions.roles import AUDITORS, HR
from courseware.accounts.security import two_factor_secrets
from courseware.accounts.security.sessions import SEEN
from courseware.accounts.sign_in.invitations import password_link
from courseware.audit_log.models import Event
from tests.accounts.test_own_sessions import FIREFOX
from tests.making import (
    PASSWORD,
    code_of_an_app,
    make_admin,
    make_auditor,
    make_course,
    make_editor,
    make_hr,
    make_team,
    make_user,
    sent_emails,
)

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXP"
SET_UP, GIVE, AGAIN = "mfa_activate_totp", "mfa_authenticate", "mfa_reauthenticate"


@pytest.fixture(autouse=True)
def two_factor_required(settings):
    settings.TWO_FACTOR = True


def secret_on(page):
    """The secret as a person copies it: no spaces between its groups of 4."""
    return BeautifulSoup(page, "html.parser").find(class_="account-key").get_text()


def sign_in(person, client=None):
    client = client or Client()
    return client, client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})


def with_app(person):
    TOTP.activate(person, SECRET)
    RecoveryCodes.activate(person)
    return person


def verbs():
    return list(Event.objects.values_list("verb", flat=True))


def make_superuser_without_the_admin():
    return make_user(is_superuser=True)


@pytest.mark.parametrize("make", [make_admin, make_editor, make_superuser_without_the_admin, make_hr, make_auditor])
@pytest.mark.parametrize("page", ["/", "/admin/", "/team/"])
def test_staff_must_set_up_two_factor(make, page):
    client, _ = sign_in(make())
    assert client.get(page)["Location"] == reverse(SET_UP)
    assert client.post(page)["Location"] == reverse(SET_UP)


def test_htmx_request_redirects_whole_page_to_setup():
    client, _ = sign_in(make_editor())
    response = client.get("/", headers={"hx-request": "true"})
    assert response["HX-Redirect"] == reverse(SET_UP)


@pytest.mark.parametrize("office", [HR, AUDITORS])
@pytest.mark.parametrize("is_added_by_group", [False, True])
def test_new_hr_and_auditors_are_redirected_at_next_request(office, is_added_by_group):
    person, group = make_user(audits_until=date(2099, 12, 31)), Group.objects.get(name=office)
    client, _ = sign_in(person)
    assert client.get("/").status_code == 200
    if is_added_by_group:
        group.user_set.add(person)
    else:
        person.groups.add(group)
    assert client.get("/")["Location"] == reverse(SET_UP)
    person.groups.remove(group)
    assert client.get("/").status_code == 200


def test_automatic_request_is_redirected_as_well():
    person = make_user()
    client, _ = sign_in(person)
    assert client.get("/offline/").status_code == 204
    seen = client.session[SEEN]
    person.groups.add(Group.objects.get(name=HR))
    assert client.get("/offline/")["Location"] == reverse(SET_UP)
    assert client.session[SEEN] == seen


def test_setting_requires_two_factor_of_managers(settings):
    settings.TWO_FACTOR_FOR_MANAGERS = True
    client, _ = sign_in(make_team().manager)
    assert client.get("/team/")["Location"] == reverse(SET_UP)
    client, _ = sign_in(make_user())
    assert client.get("/").status_code == 200


def test_auditor_needs_no_two_factor_after_last_day():
    client, _ = sign_in(make_auditor(audits_until=date(2020, 1, 1)))
    assert client.get("/").status_code == 200


def test_others_need_no_two_factor():
    for person in (make_user(), make_team().manager):
        client, response = sign_in(person)
        assert response["Location"] == "/start/"
        assert client.get("/").status_code == 200


def test_setting_disables_two_factor(settings):
    settings.TWO_FACTOR = False
    client, _ = sign_in(make_admin())
    assert client.get("/admin/").status_code == 200


def test_sign_out_and_language_work_before_setup():
    client, _ = sign_in(make_admin())
    assert client.post(reverse("set-language"), {"language": "en"})["Location"] == "/"
    assert client.get(reverse("account_logout")).status_code == 200


def test_setup_shows_codes_once_and_is_logged_and_emailed(django_capture_on_commit_callbacks):
    admin = make_admin(language="en")
    client, _ = sign_in(admin)
    page = client.get(reverse(SET_UP)).content.decode()
    secret = secret_on(page)
    assert 'src="data:image/svg+xml;base64,' in page
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse(SET_UP), {"code": code_of_an_app(secret)})
    assert response["Location"] == reverse("mfa_view_recovery_codes")
    codes = re.findall(r"<li><code>(\d+)</code>", client.get(response["Location"]).content.decode())
    assert len(codes) == 10
    again = client.get(response["Location"]).content.decode()
    assert not any(code in again for code in codes)
    assert "10 recovery codes are left" in again
    assert client.get("/admin/").status_code == 200
    assert [event for event in verbs() if event.startswith("two-factor")] == ["two-factor-added"]
    assert [email.to for email in sent_emails()] == [[admin.email]]
    assert "Two-step verification was set up." in sent_emails()[0].body


def test_wrong_code_does_not_complete_setup():
    admin = make_admin()
    client, _ = sign_in(admin)
    client.get(reverse(SET_UP))
    assert client.post(reverse(SET_UP), {"code": "000000"}).status_code == 422
    assert not Authenticator.objects.exists()
    assert client.get("/admin/")["Location"] == reverse(SET_UP)


def test_sign_in_needs_password_and_code():
    admin = with_app(make_admin())
    client, response = sign_in(admin)
    assert response["Location"] == reverse(GIVE)
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    assert client.get(reverse(GIVE)).status_code == 200
    assert client.post(reverse(GIVE), {"code": "000000"}).status_code == 422
    assert "signed-in" not in verbs()
    assert client.post(reverse(GIVE), {"code": code_of_an_app(SECRET)})["Location"] == "/start/"
    assert client.get("/admin/").status_code == 200
    assert verbs()[-1] == "signed-in"


def test_code_works_once():
    admin = with_app(make_admin())
    code = code_of_an_app(SECRET)
    assert [
        sign_in(admin, client) and client.post(reverse(GIVE), {"code": code}).status_code
        for client in (Client(), Client())
    ] == [302, 422]


def test_recovery_code_works_once():
    admin = with_app(make_admin())
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    for expected in (302, 422):
        client, _ = sign_in(admin)
        assert client.post(reverse(GIVE), {"code": code}).status_code == expected


def test_password_link_does_not_skip_second_step():
    from tests.accounts.test_invitations import choose, path_of_link

    client = Client()
    assert choose(client, path_of_link(with_app(make_admin())))["Location"] == reverse(GIVE)
    assert client.get("/admin/")["Location"].startswith("/admin/login/")


def test_older_session_must_enter_code():
    admin = with_app(make_admin())
    client = Client()
    client.force_login(admin)
    assert client.get("/admin/")["Location"] == reverse(AGAIN)
    assert client.post(reverse(AGAIN), {"code": code_of_an_app(SECRET)}).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_session_without_code_cannot_change_two_factor():
    admin = make_admin()
    client, _ = sign_in(admin)  # before the second factor is set up elsewhere
    with_app(admin)
    for name in ("mfa_index", SET_UP, "mfa_deactivate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes"):
        assert client.get(reverse(name))["Location"] == reverse(AGAIN), name
        assert client.post(reverse(name))["Location"] == reverse(AGAIN), name
    assert Authenticator.objects.filter(user=admin).count() == 2


@pytest.mark.parametrize("has_one", [False, True])
def test_form_sent_before_second_step_is_kept(has_one):
    document, editor = make_course().documents.get(identifier="boiling"), make_editor()
    client, _ = sign_in(editor)
    if has_one:
        with_app(editor)
    page = reverse("admin:content_document_change", args=[document.pk])
    sent = {"base": document.latest_revision_id, "language": "en", "text-en": "x" * 100, "save": "yes"}
    url = client.post(page, sent)["Location"]
    if has_one:
        sent = {"code": code_of_an_app(SECRET), "next": "/accounts/unsent/"}
        assert client.post(url, sent)["Location"] == "/accounts/unsent/"
    else:
        secret = secret_on(client.get(url).content.decode())
        codes = client.get(client.post(url, {"code": code_of_an_app(secret)})["Location"]).content.decode()
        assert 'href="/accounts/unsent/"' in codes
    assert "x" * 100 in client.get("/accounts/unsent/").content.decode()
    assert not document.revisions.exclude(pk=document.latest_revision_id).exists()


def test_admin_resets_two_factor_of_another_admin(settings):
    lost, admin, client = with_app(make_admin(language="en")), make_admin(), Client()
    settings.TWO_FACTOR = False
    client.force_login(admin)
    elsewhere = Client()
    elsewhere.force_login(lost)
    fields = {"action": "reset_second_factor", "_selected_action": [lost.pk, admin.pk]}
    shown = client.post("/admin/accounts/user/", fields, follow=True).text
    assert "Two-step verification was reset for 1 person." in shown and "Only another admin can reset your own" in shown
    assert not Authenticator.objects.filter(user=lost).exists()
    event = Event.objects.get(verb="two-factor-reset")
    assert (event.actor, event.subject) == (admin, f"person:{lost.pk}")
    assert elsewhere.get("/admin/").status_code == 302
    [email] = sent_emails()
    assert (email.to, "reset your two-step verification" in email.body) == ([lost.email], True)


def test_command_resets_once_and_reports_unknown_address():
    admin, out = with_app(make_admin()), StringIO()
    call_command("reset_two_factor", admin.email.upper(), stdout=out)
    call_command("reset_two_factor", admin.email, stdout=out)
    assert Event.objects.filter(verb="two-factor-reset").count() == 1
    assert "no two-step verification; nothing was changed" in out.getvalue()
    with pytest.raises(CommandError, match="nobody signs in with this address"):
        call_command("reset_two_factor", "nobody@example.com")


def test_invalid_passkey_is_refused():
    client, _ = sign_in(make_admin())
    address = reverse("mfa_add_webauthn")
    page = client.get(address)
    options = json.loads(page.context["passkey_options"])
    assert {"challenge", "rp", "user", "pubKeyCredParams"} <= set(options["publicKey"])
    for credential in ("", "{}", "[]", "no json", '{"id": "x"}'):
        assert client.post(address, {"credential": credential, "name": "key"}).status_code == 422
    assert not Authenticator.objects.exists()


def test_recovery_codes_need_two_factor():
    client, _ = sign_in(make_admin())
    assert client.get(reverse("mfa_view_recovery_codes")).status_code == 404
    assert client.post(reverse("mfa_generate_recovery_codes")).status_code == 422


def test_removing_app_requires_new_setup():
    admin = with_app(make_admin())
    client, _ = sign_in(admin)
    client.post(reverse(GIVE), {"code": code_of_an_app(SECRET)})
    assert client.post(reverse("mfa_deactivate_totp"))["Location"] == reverse("mfa_index")
    assert not Authenticator.objects.exists()
    assert "two-factor-removed" in verbs()
    client, _ = sign_in(admin)
    assert client.get("/admin/")["Location"] == reverse(SET_UP)


def test_anyone_can_set_up_two_factor():
    client, _ = sign_in(make_user())
    assert client.get(reverse("mfa_index")).status_code == 200
    assert client.get(reverse(SET_UP)).status_code == 200


def test_printed_recovery_codes_name_site_and_date():
    client, _ = sign_in(make_user(language="en"))
    secret = secret_on(client.get(reverse(SET_UP)).content.decode())
    url = client.post(reverse(SET_UP), {"code": code_of_an_app(secret)})["Location"]
    page = BeautifulSoup(client.get(url).content, "html.parser")
    today = timezone.localdate()
    expected = f"Staff training · testserver · {today.day} {today:%B %Y}"
    assert page.find(class_="account-paper").get_text() == expected
    assert "no-print" in page.find("a", string="I have saved the codes, continue").parent["class"]


@pytest.mark.parametrize(("browser", "name"), [(FIREFOX, "Firefox · Windows"), ("curl/8", "Master key")])
def test_new_passkey_is_named_after_browser(browser, name):
    client, _ = sign_in(make_user(language="en"))
    response = client.get(reverse("mfa_add_webauthn"), headers={"user-agent": browser})
    page = BeautifulSoup(response.content, "html.parser")
    assert page.find("input", attrs={"name": "name"})["value"] == name


NEW_KEY = "another-key-of-the-same-length-and-as-hard-to-guess-0123456789"


def change_key(settings, *, keep_old):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if keep_old else []
    settings.SECRET_KEY = NEW_KEY


def stored():
    return {each.type: each.data for each in Authenticator.objects.all()}


def test_database_holds_no_plain_secrets():
    person = with_app(make_admin())
    codes = RecoveryCodes.activate(person).generate_codes()
    written = json.dumps(stored())
    assert SECRET not in written
    assert all(code not in written for code in codes)
    seed = stored()["recovery_codes"]["seed"]
    assert two_factor_secrets.decrypt(seed) != seed


def test_nightly_job_makes_old_key_unnecessary(settings):
    admin = with_app(make_admin())
    change_key(settings, keep_old=True)
    client, _ = sign_in(admin)
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    assert client.post(reverse(GIVE), {"code": code}).status_code == 302
    assert [two_factor_secrets.renew_encryption() for _ in range(2)] == ["2", "0"]
    settings.SECRET_KEY_FALLBACKS = []
    client, _ = sign_in(admin)
    assert client.post(reverse(GIVE), {"code": code_of_an_app(SECRET)}).status_code == 302


def test_codes_are_refused_without_errors_if_old_key_is_missing(settings, caplog):
    admin = with_app(make_admin())
    code = RecoveryCodes.activate(admin).get_unused_codes()[0]
    before = stored()
    change_key(settings, keep_old=False)
    client, _ = sign_in(admin)
    for each in (code_of_an_app(SECRET), code):
        assert client.post(reverse(GIVE), {"code": each}).status_code == 422
    assert "SECRET_KEY" in caplog.text
    assert two_factor_secrets.renew_encryption() == "0"
    assert stored() == before
    settings.SECRET_KEY_FALLBACKS = ["for-tests-only-" * 4]
    settings.SECRET_KEY = NEW_KEY
    assert client.post(reverse(GIVE), {"code": code_of_an_app(SECRET)}).status_code == 302


def test_nightly_job_keeps_used_recovery_code_used(settings, monkeypatch):
    admin = with_app(make_admin())
    codes = RecoveryCodes.activate(admin)
    used = codes.get_unused_codes()[0]
    change_key(settings, keep_old=True)
    encrypt, is_read = two_factor_secrets.encrypted_data, []

    def use_a_code_meanwhile(data):
        if "seed" in data and not is_read:
            is_read.append(True)
            assert codes.validate_code(used)
        return encrypt(data)

    monkeypatch.setattr(two_factor_secrets, "encrypted_data", use_a_code_meanwhile)
    two_factor_secrets.renew_encryption()
    assert used not in Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()


@pytest.mark.parametrize("keep_old", [True, False])
def test_sessions_last_while_old_key_is_kept(keep_old, client, settings):
    client.force_login(make_user())
    change_key(settings, keep_old=keep_old)
    assert (client.get(reverse("home")).status_code == 200) is keep_old
    if keep_old:  # and is then signed in by the new key alone
        settings.SECRET_KEY_FALLBACKS = []
        assert client.get(reverse("home")).status_code == 200


@pytest.mark.parametrize("keep_old", [True, False])
def test_emailed_link_works_while_old_key_is_kept(keep_old, client, settings):
    link = password_link(make_user()).removeprefix(settings.SITE_URL)
    change_key(settings, keep_old=keep_old)
    assert (client.get(link).status_code == 302) is keep_old
