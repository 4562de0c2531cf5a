"""Creating a passkey and signing in with it, using Chromium's virtual authenticator."""

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import expect

from courseware.audit_log.models import Event
from tests.making import PASSWORD, make_editor


@pytest.fixture
def editor(site, settings):
    settings.TWO_FACTOR = True
    return make_editor(email="ed@example.com", name="Ed Editor", language="en")


@pytest.fixture
def page(visit, editor):
    page = visit()
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    key = device.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def set_verified(present):
        state = {"authenticatorId": key, "isUserVerified": present}
        device.send("WebAuthn.setUserVerified", state)

    page.set_verified = set_verified
    return page


def enter_password(page, editor, then="/admin/"):
    page.goto(f"/accounts/login/?next={then}")
    page.get_by_label("Email or staff number").fill(editor.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.slow
def test_editor_adds_passkey_and_signs_in_with_it(page, editor):
    enter_password(page, editor)
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up two-step verification")
    page.get_by_role("link", name="passkey").click()
    page.get_by_label("Name of the passkey").fill("blue key")
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    assert Authenticator.objects.get(type="webauthn").user == editor
    page.goto("/admin/")
    expect(page).to_have_url("/admin/")

    page.context.clear_cookies()
    enter_password(page, editor)
    expect(page.get_by_role("heading", level=1)).to_have_text("Two-step verification")
    page.set_verified(False)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("The passkey was not accepted.")).to_be_visible()
    page.set_verified(True)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url("/admin/")
    verbs = list(Event.objects.filter(actor=editor).values_list("verb", flat=True))
    assert verbs == ["signed-in", "two-factor-added", "signed-in"]
