"""Emails use the custom wording of the company and fall back to the default."""

import pytest
from bs4 import BeautifulSoup
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from courseware.accounts.sign_in.account_notices import notify
from courseware.accounts.sign_in.invitations import invite
from courseware.audit_log.models import Event
from courseware.branding.branding import branding_of
from courseware.notifications.email.delivery import deliver_due
from courseware.notifications.email.email_types import EMAIL_TYPES
from courseware.notifications.email.queue import queue_email
from courseware.notifications.email.rendering import RenderedEmail, email_page, render_email
from courseware.notifications.models import OutgoingEmail
from courseware.notifications.wording import email_wording
from courseware.notifications.wording.editable_emails import editable_email, editable_emails
from courseware.notifications.wording.email_wording import EmailWording, SetMeanwhile, set_wording
from courseware.notifications.wording.placeholders import Placeholder, filled, mistakes_in
from tests.branding.branding_helpers import put_on
from tests.making import make_admin, make_user, sent_emails
from tests.notifications.sinks import send_all

pytestmark = pytest.mark.django_db
CUSTOM = {
    "subject": {"en": "Welcome, {name}", "zh-hans": "{name}，欢迎"},
    "closing": {"en": "Your trainers,\non floor 3", "zh-hans": "培训组\n在三楼"},
}


def set_custom(words=CUSTOM, *, kind="invitation", base=0, shipped=None):
    return set_wording(kind, words, shipped=shipped or {}, base=base, by=make_admin())


def invited(language="en", **fields):
    """The invitation of a new person."""
    before = len(sent_emails())
    invite(make_user(language=language, **({"name": "Ann"} | fields)), by=make_admin())
    [email] = sent_emails()[before:]
    return email


def test_custom_wording_replaces_only_its_blocks():
    shipped = invited()
    set_custom()
    own = invited()
    assert (shipped.subject, own.subject) == ("Your training account is ready", "Welcome, Ann")
    pairs = zip(shipped.body.splitlines(), own.body.splitlines(), strict=False)
    assert [(before, now) for before, now in pairs if before != now and "://" not in before] == [
        ("We look forward to having you with us.", "Your trainers,")
    ]
    assert own.body.endswith("\nYour trainers,\non floor 3\n")
    [(page, kind)] = own.alternatives
    assert kind == "text/html"
    assert "<title>Welcome, Ann</title>" in page
    assert "<p>Your trainers,<br>\non floor 3</p>" in page


def test_custom_wording_follows_language_of_recipient():
    set_custom()
    email = invited("zh-hans", name="李华")
    assert email.subject == "李华，欢迎"
    assert "期待你的加入。" not in email.body
    assert email.body.endswith("\n培训组\n在三楼\n")


def test_waiting_email_uses_wording_at_sending_time():
    queue_email("invitation", make_user(name="Ann", language="en"))
    set_custom()
    assert sent_emails()[0].subject == "Welcome, Ann"


def test_name_cannot_add_header_or_placeholder():
    set_custom({"subject": {"en": "Hello {name}", "zh-hans": "{name}你好"}})
    email = invited(name="Ann\nBcc: all@example.com {company}")
    assert email.subject == "Hello Ann Bcc: all@example.com {company}"
    assert "Bcc" not in email.message()
    assert email.recipients() == email.to


@pytest.mark.parametrize(
    "words",
    [
        {"subject": {"en": "To {staff_number}", "zh-hans": "致{staff_number}"}},  # of an older version
        {"headline": {"en": "Welcome", "zh-hans": "欢迎"}},  # a block of an older version
        {"subject": {"zh-hans": "欢迎"}},
        {"subject": {"en": "From {company}", "zh-hans": "{company}来信"}},  # the company has no name
    ],
)
def test_unusable_wording_falls_back_to_default(words, settings):
    settings.COMPANY_NAME = ""
    set_custom(words)
    assert invited().subject == "Your training account is ready"


def test_only_unusable_blocks_are_listed():
    set_custom({"subject": {"en": "To {staff_number}", "zh-hans": "你好"}, "closing": CUSTOM["closing"]})
    set_custom({"headline": {"en": "Late", "zh-hans": "逾期"}, "subject": {"zh-hans": "逾期"}}, kind="reminder")
    set_custom({"subject": {"en": "From {company}", "zh-hans": "{company}来信"}}, kind="digest")
    found = {email.name: email.unusable for email in editable_emails() if email.unusable}
    assert found == {"invitation": ["subject"], "reminder": ["subject", "headline"]}


def test_reset_restores_default_wording():
    set_custom()
    set_custom({}, base=1)
    assert invited().subject == "Your training account is ready"
    assert list(EmailWording.objects.values_list("number", "words")) == [(1, CUSTOM), (2, {})]


def test_repeated_save_is_ignored_and_conflict_refused():
    assert set_custom()
    assert not set_custom(base=1)
    assert not set_custom(base=0)  # the form sent twice
    with pytest.raises(SetMeanwhile):
        set_custom({"subject": {"en": "Hi", "zh-hans": "你好"}}, base=0)
    assert EmailWording.objects.count() == 1


def test_audit_log_names_blocks_but_not_wording():
    set_custom()
    set_custom({"subject": CUSTOM["subject"]}, base=1)
    events = Event.objects.filter(verb="email-wording-set").order_by("pk")
    assert list(events.values_list("subject", "data")) == [
        ("email-wording:invitation", {"number": 1, "parts": ["closing", "subject"]}),
        ("email-wording:invitation", {"number": 2, "parts": ["closing"]}),
    ]


def test_security_emails_ignore_custom_wording():
    fixed = {name for name, kind in EMAIL_TYPES.items() if kind.editable is None}
    assert fixed >= {"new-link", "no-account", "account-notice", "certificate-revoked", "deputy-added"}
    set_custom({"subject": {"en": "Dear {name}", "zh-hans": "{name}"}}, kind="account-notice")
    notify(make_user(language="en"), "password-set")
    assert sent_emails()[-1].subject == "A change to your training account"


def test_every_block_accepts_every_placeholder():
    put_on(name_en="Anhe", name_zh="安和")
    for email in editable_emails():
        assert {"subject", "opening", "closing"} <= {*email.parts}
        text = " ".join(f"<{{{name}}}>" for name in email.known)
        words = {part: dict.fromkeys(("en", "zh-hans"), f"{part}: {text}") for part in email.parts}
        for tag in ("en", "zh-hans"):
            with translation.override(tag):
                example = email.editable.example()
            written = render_email(email.kind, example, language=tag, face=branding_of(), own=words)
            assert [*written.own] == email.parts, email.name
            assert "<>" not in written.subject + written.body
            for part in email.parts:
                assert (written.subject + "\n" + written.body).count(written.own[part]) == 1, (email.name, part)


def test_changed_defaults_are_listed_for_custom_blocks_only():
    now = editable_email("invitation").shipped()
    before = now | {
        "closing": now["closing"] | {"en": "We are glad."},
        "opening": now["opening"] | {"en": "You have an account."},
    }
    set_custom(shipped=before)
    assert editable_email("invitation").shipped_since() == {"closing": (before["closing"], now["closing"])}
    set_custom({}, base=1, shipped=before)
    assert editable_email("invitation").shipped_since() == {}


def statements_for(number):
    people = [make_user(email=f"p{number}-{each}@example.com") for each in range(number)]
    keys = [queue_email("invitation", person).pk for person in people]
    email_wording.wording_at.cache_clear()
    sent = len(mail.outbox)
    with CaptureQueriesContext(connection) as asked:
        send_all(keys)
    assert len(mail.outbox) == sent + number
    return sum(
        "notifications_emailwording" in query["sql"] and "notifications_outgoingemail" not in query["sql"]
        for query in asked
    )


@pytest.mark.slow
def test_batch_reads_wording_once():
    set_custom()
    assert (statements_for(1), statements_for(30)) == (1, 1)


def test_wording_is_not_read_if_none_is_set():
    assert statements_for(3) == 0
    deliver_due()
    assert not OutgoingEmail.objects.exclude(state="sent").exists()


PLACEHOLDERS = {
    "name": Placeholder("the reader", lambda context: context["name"]),
    "day": Placeholder("the day", lambda context: context["day"]),
}
CONTEXT = {"name": "Ann", "day": ""}
WITHOUT_BRACES = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=200)


def fill(text, **context):
    return filled(text, PLACEHOLDERS, CONTEXT | context)


def test_placeholders_are_filled_everywhere():
    assert fill("{name}: dear {name}, by {day}.", day="Friday") == "Ann: dear Ann, by Friday."


@pytest.mark.parametrize(
    "text", ["{nme}", "{name.__class__}", "{name!r}", "{name:>9}", "{0}", "{}", "{ name }", "{Name}"]
)
def test_unknown_placeholder_is_refused(text):
    assert fill(text) is None
    with translation.override("en"):
        assert mistakes_in(text, PLACEHOLDERS) == [
            f"{text} is not a placeholder of this email. Use one of: {{name}}, {{day}}"
        ]


def test_text_with_empty_placeholder_is_not_used(caplog):
    assert fill("by {day}") is None
    assert fill("by Friday, {name}", name="  \n ") is None
    assert filled("dear {name}", PLACEHOLDERS, {}) is None
    assert "placeholder name could not be filled in" in caplog.text


def test_filled_value_is_one_line_and_not_parsed_again():
    found = fill("{name} by {day}", name="{day}\r\nBcc: all@example.com", day="{name}")
    assert found == "{day} Bcc: all@example.com by {name}"


@pytest.mark.parametrize("text", ["a } b", "{name", "{{name}}", "{a{name}", "}{"])
def test_single_brace_is_refused(text):
    with translation.override("en"):
        [error] = mistakes_in(text, PLACEHOLDERS)
    assert error == f"“{text}” has a single brace. Put one brace before and one brace after the name of a placeholder."


def test_full_width_braces_and_control_characters_are_refused():
    with translation.override("en"):
        assert mistakes_in("亲爱的｛name｝：", PLACEHOLDERS) == [
            "“亲爱的｛name｝：” has full-width braces. Use half-width braces: { and }"
        ]
        assert mistakes_in("a\x07\x1b", PLACEHOLDERS) == [
            "The text contains U+0007, U+001B, which an email cannot show. Use visible characters only."
        ]
        assert mistakes_in("{name},\n\n\tby {day} 👩‍🚒", PLACEHOLDERS) == []


@given(WITHOUT_BRACES)
def test_text_without_braces_is_unchanged(text):
    assert fill(text) == text


@given(WITHOUT_BRACES)
def test_text_never_becomes_html(text):
    page = BeautifulSoup(email_page(RenderedEmail("Subject", text, {}, {}), "en"), "html.parser")
    assert {tag.name for tag in page.body.find_all(True)} <= {"p", "br", "a"}
    assert all(link["href"] == link.get_text() for link in page.find_all("a"))
    assert "".join(page.body.get_text().split()) == "".join(text.replace("\n-- \n", "\n").split())


def test_html_email_has_paragraphs_and_links():
    words = "<b>Look</b> & learn:\nhttps://example.com/a?b=1&c=2\nor http://x.example behind words"
    body = f"Hello Ann,\n\n{words}\n\n-- \nThe company\n"
    page = email_page(RenderedEmail("A “<letter>”", body, {}, {}), "zh-Hans")
    assert '<html lang="zh-Hans">' in page
    assert "<title>A “&lt;letter&gt;”</title>" in page
    inside = page.partition("<body>")[2].partition("</body>")[0].split("\n")
    assert [line for line in inside if line] == [
        "<p>Hello Ann,</p>",
        "<p>&lt;b&gt;Look&lt;/b&gt; &amp; learn:<br>",
        '<a href="https://example.com/a?b=1&amp;c=2">https://example.com/a?b=1&amp;c=2</a><br>',
        "or http://x.example behind words</p>",
        "<p>The company</p>",
    ]
