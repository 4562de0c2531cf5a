"""Which branding applies: course before site, reader's language before others; changes and logos."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseware.audit_log.models import Event
from courseware.branding.branding import ChangedMeanwhile, branding_of, branding_on, set_branding, store_logo
from courseware.branding.models import Branding, Logo
from tests.branding.branding_helpers import put_on
from tests.making import make_admin

pytestmark = pytest.mark.django_db


def test_course_branding_falls_back_to_site():
    put_on(name_en="Anhe", contact_en="Ask Li", light="#123456", sender_address="site@anhe.example")
    put_on("tea-room", name_en="Anhe Tea", dark="#abcdef")
    site, course, other = branding_of(), branding_of("tea-room"), branding_of("bakery")
    assert [branding.name("en") for branding in (site, course, other)] == ["Anhe", "Anhe Tea", "Anhe"]
    assert [branding.said("contact", "en") for branding in (site, course, other)] == ["Ask Li"] * 3
    assert [branding.of("light") for branding in (site, course, other)] == ["#123456"] * 3
    assert [branding.of("dark") for branding in (site, course, other)] == ["", "#abcdef", ""]
    assert [branding.of("sender_address") for branding in (site, course)] == ["site@anhe.example"] * 2


def test_text_falls_back_to_other_language(settings):
    settings.COMPANY_NAME = "Setting"
    assert branding_of().name("en") == "Setting"
    put_on(name_zh="安和")
    assert [branding_of().name(tag) for tag in ("zh-hans", "en", None)] == ["安和"] * 3
    put_on(name_zh="安和", name_en="Anhe")
    assert [branding_of().name(tag) for tag in ("zh-hans", "en", "fr")] == ["安和", "Anhe", "Anhe"]
    put_on("tea-room", name_en="Tea")  # course before site, even in another language
    assert branding_of("tea-room").name("zh-hans") == "Tea"
    assert branding_of().said("signer", "en") == ""


def test_branding_of_past_day_is_known():
    put_on(name_en="Before")
    Branding.objects.update(set_at=timezone.now() - timedelta(days=9))
    put_on(name_en="After")
    put_on("tea-room", name_en="Tea")
    days = [timezone.now() - timedelta(days=number) for number in (10, 5, 0)]
    assert [branding_on(day).said("name", "en") for day in days] == ["", "Before", "After"]
    assert [branding_on(day, "tea-room").said("name", "en") for day in days] == ["", "Before", "Tea"]


def test_same_branding_is_ignored_and_stale_change_refused():
    admin = make_admin()
    assert put_on(name_en="Anhe", by=admin) is True
    assert put_on(name_en="Anhe", by=admin) is False
    values = Branding.objects.get().values
    assert set_branding("", values, base=0, by=admin) is False  # a repeated submit
    for base in (0, 7, 2**31 - 1, 10**30):  # the other numbers belong to no branding
        with pytest.raises(ChangedMeanwhile):
            set_branding("", values | {"light": "#123456"}, base=base, by=admin)
    assert [(style.number, style.words) for style in Branding.objects.all()] == [(1, {"name": {"en": "Anhe"}})]


def test_event_names_changed_fields_without_values():
    admin = make_admin()
    put_on(name_en="Anhe", contact_en="Li", by=admin)
    put_on("tea-room", light="#123456", by=admin)
    put_on(name_en="Anhe", contact_en="Wang", by=admin)
    logged = Event.objects.filter(verb="branding-set").order_by("pk").values_list("actor", "subject", "data")
    assert list(logged) == [
        (admin.pk, "branding:site", {"course": "", "style": 1, "fields": ["name", "contact"]}),
        (admin.pk, "branding:tea-room", {"course": "tea-room", "style": 1, "fields": ["light"]}),
        (admin.pk, "branding:site", {"course": "", "style": 2, "fields": ["contact"]}),
    ]


@pytest.mark.django_db(transaction=True)
def test_branding_is_not_set_if_logging_fails(monkeypatch):
    monkeypatch.delattr("courseware.branding.branding.record")
    with pytest.raises(NameError):
        put_on(name_en="Anhe")
    assert not Branding.objects.exists()


def test_unused_logos_are_deleted():
    old, viewed_at = (Logo(digest=str(number) * 64, body=b"x", width=1, height=1) for number in (1, 2))
    put_on(logo=old)
    viewed_at.sent_at = timezone.now() - timedelta(days=1)
    viewed_at.save()
    put_on()
    assert list(Logo.objects.values_list("digest", flat=True)) == [old.digest]  # an earlier branding uses it


def test_recently_uploaded_logo_is_kept(time_machine):
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


def test_branding_is_cached_until_changed(django_assert_num_queries):
    put_on(name_en="Anhe")
    with django_assert_num_queries(2):
        branding_of()
    with django_assert_num_queries(1):
        assert branding_of("tea-room").name("en") == "Anhe"
    put_on(name_en="Beihe")
    assert branding_of().name("en") == "Beihe"
