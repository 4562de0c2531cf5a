"""Letters leave in the firm's own words where there are some, and never fail for them."""

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
from tests.branding.styles import put_on
from tests.making import letters, make_admin, make_user
from tests.notifications.sinks import send_all

pytestmark = pytest.mark.django_db
OWN = {
    "subject": {"en": "Welcome, {name}", "zh-hans": "{name}，欢迎"},
    "closing": {"en": "Your trainers,\non floor 3", "zh-hans": "培训组\n在三楼"},
}


def say(words=OWN, *, kind="invitation", base=0, shipped=None):
    return set_wording(kind, words, shipped=shipped or {}, base=base, by=make_admin())


def invited(language="en", **fields):
    """The letter to somebody new."""
    before = len(letters())
    invite(make_user(language=language, **({"name": "Ann"} | fields)), by=make_admin())
    [letter] = letters()[before:]
    return letter


def test_own_words_stand_where_the_products_stood_and_all_else_stays():
    shipped = invited()
    say()
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


def test_each_reader_has_them_in_the_own_language():
    say()
    letter = invited("zh-hans", name="李华")
    assert letter.subject == "李华，欢迎"
    assert "期待你的加入。" not in letter.body
    assert letter.body.endswith("\n培训组\n在三楼\n")


def test_a_letter_that_waits_leaves_in_the_words_of_the_moment_it_leaves():
    queue_email("invitation", make_user(name="Ann", language="en"))
    say()
    assert letters()[0].subject == "Welcome, Ann"


def test_what_a_name_holds_makes_no_header_and_no_placeholder():
    say({"subject": {"en": "Hello {name}", "zh-hans": "{name}你好"}})
    letter = invited(name="Ann\nBcc: all@example.com {firm}")
    assert letter.subject == "Hello Ann Bcc: all@example.com {firm}"
    assert "Bcc" not in letter.message()
    assert letter.recipients() == letter.to


@pytest.mark.parametrize(
    "words",
    [
        {"subject": {"en": "To {staff_number}", "zh-hans": "致{staff_number}"}},  # of a version that knew it
        {"headline": {"en": "Welcome", "zh-hans": "欢迎"}},  # the same of a part
        {"subject": {"zh-hans": "欢迎"}},
        {"subject": {"en": "From {firm}", "zh-hans": "{firm}来信"}},  # which has no name here
    ],
)
def test_own_words_that_cannot_be_used_leave_their_part_to_the_product_and_no_letter_is_lost(words, settings):
    settings.COMPANY_NAME = ""
    say(words)
    assert invited().subject == "Your training account is ready"


def test_words_that_this_version_does_not_understand_are_named_and_others_are_not():
    say({"subject": {"en": "To {staff_number}", "zh-hans": "你好"}, "closing": OWN["closing"]})
    say({"headline": {"en": "Late", "zh-hans": "逾期"}, "subject": {"zh-hans": "逾期"}}, kind="reminder")
    say({"subject": {"en": "From {firm}", "zh-hans": "{firm}来信"}}, kind="digest")
    found = {letter.name: letter.unusable for letter in editable_emails() if letter.unusable}
    assert found == {"invitation": ["subject"], "reminder": ["subject", "headline"]}


def test_the_products_words_hold_again_once_they_are_set_back():
    say()
    say({}, base=1)
    assert invited().subject == "Your training account is ready"
    assert list(EmailWording.objects.values_list("number", "words")) == [(1, OWN), (2, {})]


def test_the_same_words_again_are_no_new_ones_and_what_somebody_else_set_is_not_lost():
    assert say()
    assert not say(base=1)
    assert not say(base=0)  # a second press of the same button
    with pytest.raises(SetMeanwhile):
        say({"subject": {"en": "Hi", "zh-hans": "你好"}}, base=0)
    assert EmailWording.objects.count() == 1


def test_the_log_names_the_letter_and_its_parts_and_never_the_words():
    say()
    say({"subject": OWN["subject"]}, base=1)
    events = Event.objects.filter(verb="email-wording-set").order_by("pk")
    assert list(events.values_list("subject", "data")) == [
        ("email-wording:invitation", {"number": 1, "parts": ["closing", "subject"]}),
        ("email-wording:invitation", {"number": 2, "parts": ["closing"]}),
    ]


def test_letters_about_passwords_and_changes_of_the_account_have_no_words_but_the_products():
    fixed = {name for name, kind in EMAIL_TYPES.items() if kind.editable is None}
    assert fixed >= {"new-link", "no-account", "account-notice", "certificate-revoked", "deputy-added"}
    say({"subject": {"en": "Dear {name}", "zh-hans": "{name}"}}, kind="account-notice")
    notify(make_user(language="en"), "password-set")
    assert letters()[-1].subject == "A change to your training account"


def test_each_letter_that_may_be_worded_can_be_written_with_every_placeholder_in_each_part():
    put_on(name_en="Anhe", name_zh="安和")
    for letter in editable_emails():
        assert {"subject", "opening", "closing"} <= {*letter.parts}
        text = " ".join(f"<{{{name}}}>" for name in letter.known)
        words = {part: dict.fromkeys(("en", "zh-hans"), f"{part}: {text}") for part in letter.parts}
        for tag in ("en", "zh-hans"):
            with translation.override(tag):
                example = letter.editable.example()
            written = render_email(letter.kind, example, language=tag, face=branding_of(), own=words)
            assert [*written.own] == letter.parts, letter.name
            assert "<>" not in written.subject + written.body
            for part in letter.parts:
                assert (written.subject + "\n" + written.body).count(written.own[part]) == 1, (letter.name, part)


def test_it_is_said_which_shipped_words_have_changed_since_and_only_of_parts_in_own_words():
    now = editable_email("invitation").shipped()
    before = now | {
        "closing": now["closing"] | {"en": "We are glad."},
        "opening": now["opening"] | {"en": "You have an account."},
    }
    say(shipped=before)
    assert editable_email("invitation").shipped_since() == {"closing": (before["closing"], now["closing"])}
    say({}, base=1, shipped=before)
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


def test_a_round_reads_the_words_once_whatever_the_number_of_letters():
    say()
    assert (statements_for(1), statements_for(30)) == (1, 1)


def test_without_own_words_none_are_read():
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


def test_each_placeholder_is_filled_wherever_it_stands():
    assert fill("{name}: dear {name}, by {day}.", day="Friday") == "Ann: dear Ann, by Friday."


@pytest.mark.parametrize(
    "text", ["{nme}", "{name.__class__}", "{name!r}", "{name:>9}", "{0}", "{}", "{ name }", "{Name}"]
)
def test_what_is_no_name_of_the_list_is_neither_filled_nor_allowed(text):
    assert fill(text) is None
    with translation.override("en"):
        assert mistakes_in(text, PLACEHOLDERS) == [
            f"{text} is not a placeholder of this email. Use one of: {{name}}, {{day}}"
        ]


def test_where_one_has_nothing_to_say_or_cannot_be_found_the_text_is_not_used(caplog):
    assert fill("by {day}") is None
    assert fill("by Friday, {name}", name="  \n ") is None
    assert filled("dear {name}", PLACEHOLDERS, {}) is None
    assert "placeholder name could not be filled in" in caplog.text


def test_what_is_filled_in_is_one_line_and_not_read_again():
    found = fill("{name} by {day}", name="{day}\r\nBcc: all@example.com", day="{name}")
    assert found == "{day} Bcc: all@example.com by {name}"


@pytest.mark.parametrize("text", ["a } b", "{name", "{{name}}", "{a{name}", "}{"])
def test_a_brace_by_itself_is_refused(text):
    with translation.override("en"):
        [said] = mistakes_in(text, PLACEHOLDERS)
    assert said == f"“{text}” has a single brace. Put one brace before and one brace after the name of a placeholder."


def test_wide_braces_and_signs_that_cannot_be_read_are_refused_and_lines_and_tabs_are_not():
    with translation.override("en"):
        assert mistakes_in("亲爱的｛name｝：", PLACEHOLDERS) == [
            "“亲爱的｛name｝：” has full-width braces. Use half-width braces: { and }"
        ]
        assert mistakes_in("a\x07\x1b", PLACEHOLDERS) == [
            "The text contains U+0007, U+001B, which an email cannot show. Use visible characters only."
        ]
        assert mistakes_in("{name},\n\n\tby {day} 👩‍🚒", PLACEHOLDERS) == []


@given(WITHOUT_BRACES)
def test_any_text_without_braces_comes_out_as_it_went_in(text):
    assert fill(text) == text


@given(WITHOUT_BRACES)
def test_no_text_becomes_html_and_none_of_it_is_lost(text):
    page = BeautifulSoup(email_page(RenderedEmail("Subject", text, {}, {}), "en"), "html.parser")
    assert {tag.name for tag in page.body.find_all(True)} <= {"p", "br", "a"}
    assert all(link["href"] == link.get_text() for link in page.find_all("a"))
    assert "".join(page.body.get_text().split()) == "".join(text.replace("\n-- \n", "\n").split())


def test_the_page_of_a_letter_has_its_paragraphs_and_links_only_where_a_line_is_an_address():
    words = "<b>Look</b> & learn:\nhttps://example.com/a?b=1&c=2\nor http://x.example behind words"
    body = f"Hello Ann,\n\n{words}\n\n-- \nThe firm\n"
    page = email_page(RenderedEmail("A “<letter>”", body, {}, {}), "zh-Hans")
    assert '<html lang="zh-Hans">' in page
    assert "<title>A “&lt;letter&gt;”</title>" in page
    inside = page.partition("<body>")[2].partition("</body>")[0].split("\n")
    assert [line for line in inside if line] == [
        "<p>Hello Ann,</p>",
        "<p>&lt;b&gt;Look&lt;/b&gt; &amp; learn:<br>",
        '<a href="https://example.com/a?b=1&amp;c=2">https://example.com/a?b=1&amp;c=2</a><br>',
        "or http://x.example behind words</p>",
        "<p>The firm</p>",
    ]
