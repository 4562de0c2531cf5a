"""Whose style counts where: that of the course before that of the site, the reader's language before the other."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseware.audit_log.models import Event
from courseware.branding.branding import ChangedMeanwhile, branding_of, branding_on, set_branding, store_logo
from courseware.branding.models import Branding, Logo
from tests.branding.branding_helpers import put_on
from tests.making import make_admin

pytestmark = pytest.mark.django_db


def test_a_course_says_what_it_has_and_the_site_the_rest():
    put_on(name_en="Anhe", contact_en="Ask Li", light="#123456", sender_address="site@anhe.example")
    put_on("tea-room", name_en="Anhe Tea", dark="#abcdef")
    site, course, other = branding_of(), branding_of("tea-room"), branding_of("bakery")
    assert [face.name("en") for face in (site, course, other)] == ["Anhe", "Anhe Tea", "Anhe"]
    assert [face.said("contact", "en") for face in (site, course, other)] == ["Ask Li"] * 3
    assert [face.of("light") for face in (site, course, other)] == ["#123456"] * 3
    assert [face.of("dark") for face in (site, course, other)] == ["", "#abcdef", ""]
    assert [face.of("sender_address") for face in (site, course)] == ["site@anhe.example"] * 2


def test_a_reader_gets_the_own_language_or_else_that_of_the_site_or_else_the_other(settings):
    settings.COMPANY_NAME = "Setting"
    assert branding_of().name("en") == "Setting"
    put_on(name_zh="安和")
    assert [branding_of().name(tag) for tag in ("zh-hans", "en", None)] == ["安和"] * 3
    put_on(name_zh="安和", name_en="Anhe")
    assert [branding_of().name(tag) for tag in ("zh-hans", "en", "fr")] == ["安和", "Anhe", "Anhe"]
    put_on("tea-room", name_en="Tea")  # of the course, if in another language, before the site's in this one
    assert branding_of("tea-room").name("zh-hans") == "Tea"
    assert branding_of().said("signer", "en") == ""


def test_what_was_on_a_day_is_still_known():
    put_on(name_en="Before")
    Branding.objects.update(set_at=timezone.now() - timedelta(days=9))
    put_on(name_en="After")
    put_on("tea-room", name_en="Tea")
    days = [timezone.now() - timedelta(days=number) for number in (10, 5, 0)]
    assert [branding_on(day).said("name", "en") for day in days] == ["", "Before", "After"]
    assert [branding_on(day, "tea-room").said("name", "en") for day in days] == ["", "Before", "Tea"]


def test_setting_it_again_changes_nothing_and_who_was_late_is_told():
    admin = make_admin()
    assert put_on(name_en="Anhe", by=admin) is True
    assert put_on(name_en="Anhe", by=admin) is False
    values = Branding.objects.get().values
    assert set_branding("", values, base=0, by=admin) is False  # the second press of the same button
    for base in (0, 7, 2**31 - 1, 10**30):  # the others are of no style
        with pytest.raises(ChangedMeanwhile):
            set_branding("", values | {"light": "#123456"}, base=base, by=admin)
    assert [(style.number, style.words) for style in Branding.objects.all()] == [(1, {"name": {"en": "Anhe"}})]


def test_the_log_says_who_changed_what_and_holds_none_of_the_words():
    admin = make_admin()
    put_on(name_en="Anhe", contact_en="Li", by=admin)
    put_on("tea-room", light="#123456", by=admin)
    put_on(name_en="Anhe", contact_en="Wang", by=admin)
    told = Event.objects.filter(verb="branding-set").order_by("pk").values_list("actor", "subject", "data")
    assert list(told) == [
        (admin.pk, "branding:site", {"course": "", "style": 1, "fields": ["name", "contact"]}),
        (admin.pk, "branding:tea-room", {"course": "tea-room", "style": 1, "fields": ["light"]}),
        (admin.pk, "branding:site", {"course": "", "style": 2, "fields": ["contact"]}),
    ]


@pytest.mark.django_db(transaction=True)
def test_style_that_cannot_be_logged_is_not_set(monkeypatch):
    monkeypatch.delattr("courseware.branding.branding.record")
    with pytest.raises(NameError):
        put_on(name_en="Anhe")
    assert not Branding.objects.exists()


def test_logos_that_are_in_no_style_are_forgotten_when_one_is_set():
    old, viewed_at = (Logo(digest=str(number) * 64, body=b"x", width=1, height=1) for number in (1, 2))
    put_on(logo=old)
    viewed_at.sent_at = timezone.now() - timedelta(days=1)
    viewed_at.save()
    put_on()
    assert list(Logo.objects.values_list("digest", flat=True)) == [old.digest]  # a style of before has it


def test_a_logo_that_somebody_else_looks_at_just_now_stays_also_one_that_was_sent_before(time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    first = Logo(digest="1" * 64, body=b"x", width=1, height=1)
    store_logo(first)
    time_machine.shift(timedelta(days=2))
    store_logo(Logo(digest=first.digest, body=b"x", width=1, height=1))
    put_on(name_en="Anhe")
    assert list(Logo.objects.values_list("digest", flat=True)) == [first.digest]
    time_machine.shift(timedelta(days=1, seconds=1))
    put_on(name_en="Beihe")
    assert not Logo.objects.exists()


def test_a_process_reads_the_styles_once_until_another_is_set(django_assert_num_queries):
    put_on(name_en="Anhe")
    with django_assert_num_queries(2):
        branding_of()
    with django_assert_num_queries(1):
        assert branding_of("tea-room").name("en") == "Anhe"
    put_on(name_en="Beihe")
    assert branding_of().name("en") == "Beihe"
