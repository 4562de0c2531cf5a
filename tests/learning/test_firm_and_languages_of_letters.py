"""The first letter names the firm, and leads to its page in the other language."""

import re
from urllib.parse import urlsplit

import pytest

from courseware.accounts.models import User
from courseware.learning.enrolling import enroll
from tests.making import letters, make_course, make_user

pytestmark = pytest.mark.django_db


def letter_to(language, password=None):
    enroll(make_user("Wang", email="wang@example.com", password=password, language=language), make_course(), by=None)
    [letter] = letters()
    return letter


@pytest.mark.parametrize(("language", "begin"), [("en", "[Hexin] “"), ("zh-hans", "【和信】《")])
def test_the_firm_stands_in_front_of_the_subject(settings, language, begin):
    settings.FIRM_NAME = begin.strip("[]【】《“ ")
    assert letter_to(language).subject.startswith(begin)


def test_without_a_name_of_the_firm_nothing_stands_there(settings):
    settings.FIRM_NAME = ""
    assert letter_to("en").subject.startswith("“")


def addresses(letter):
    return [urlsplit(each)._replace(scheme="", netloc="").geturl() for each in re.findall(r"https?://\S+", letter.body)]


@pytest.mark.parametrize(
    ("language", "other", "welcome"), [("en", "zh-hans", "欢迎"), ("zh-hans", "en", "Welcome, Wang")]
)
def test_its_page_opens_in_the_other_language_and_who_comes_in_there_keeps_it(client, language, other, welcome):
    link, in_other = addresses(letter_to(language))
    assert in_other == f"{link}?language={other}"
    page = client.get(in_other, follow=True)
    assert page.request["QUERY_STRING"] == f"language={other}"
    assert welcome in page.content.decode()
    assert User.objects.get().language == language  # to look changes nothing
    action = re.search(r'<form method="post" action="(/accounts/password[^"]+)"', page.content.decode()).group(1)
    assert client.post(action).status_code == 302
    assert User.objects.get().language == other


def test_by_the_first_link_the_language_stays(client):
    link, _in_other = addresses(letter_to("en"))
    page = client.get(link, follow=True)
    client.post(page.request["PATH_INFO"])
    assert User.objects.get().language == "en"


@pytest.mark.parametrize("wrong", ["xx", "", "../", "9" * 5000])
def test_a_language_that_is_none_changes_nothing(client, wrong):
    link, _in_other = addresses(letter_to("en"))
    page = client.get(link, {"language": wrong}, follow=True)
    assert (page.status_code, page.request["QUERY_STRING"]) == (200, "")


def test_who_has_a_password_gets_no_link_in_any_language():
    assert addresses(letter_to("en", password="four words nobody joined")) == []


def test_who_is_signed_in_reads_in_the_own_language(client):
    client.force_login(make_user(language="zh-hans"))
    assert 'lang="zh-Hans"' in client.get("/?language=en", follow=True).content.decode()
