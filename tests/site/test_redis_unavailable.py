"""Where wrong passwords are counted in Redis and it is away: reading and learning go on, and guessing is not free."""

import pytest
from django.conf import settings as site
from django.core.cache import cache
from django.test import Client

from courseware.learning.models import Answer
from courseware.project.health import HealthMiddleware
from tests.learning.lesson_pages import sent
from tests.making import PASSWORD

NOBODY_LISTENS = "redis://127.0.0.1:1"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": NOBODY_LISTENS,
    }
}


@pytest.fixture
def away(settings, world):
    settings.CACHES, settings.CACHE_URL = CACHES, NOBODY_LISTENS


def of(person):
    visitor = Client(raise_request_exception=False, headers={"accept-language": "en"})
    visitor.force_login(person)
    return visitor


@pytest.mark.parametrize(
    ("role", "paths"),
    [
        ("learner", ["/", "/learn/tea-room/boiling/", "/learn/tea-room/emergency-card/", "/accounts/sessions/"]),
        ("manager", ["/team/"]),
        ("admin", ["/admin/", "/admin/content/document/", "/admin/accounts/user/"]),
    ],
)
def test_pages_are_answered(role, paths, world, away):
    visitor = of(world.people[role])
    assert {path: visitor.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_an_answer_is_taken(world, away):
    before = Answer.objects.count()
    response = of(world.learner).post("/learn/tea-room/boiling/answer/is-it-off/", sent("1", tries=before))
    assert (response.status_code, Answer.objects.count()) == (302, before + 1)


@pytest.mark.parametrize("password", [PASSWORD, "a-wrong-password"])
def test_nobody_signs_in_and_the_page_says_when_to_come_back(password, world, away):
    visitor = Client(raise_request_exception=False, headers={"accept-language": "en"})
    assert visitor.get("/accounts/login/").status_code == 200
    response = visitor.post("/accounts/login/", {"login": world.learner.email, "password": password})
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert "We will be back in a moment" in response.text
    assert "_auth_user_id" not in visitor.session


def test_no_letter_is_asked_for(world, away):
    visitor = Client(raise_request_exception=False)
    assert visitor.post("/accounts/password/reset/", {"email": world.learner.email}).status_code == 503


def test_whoever_watches_the_site_is_told(settings):
    watch = HealthMiddleware(lambda request: None)
    settings.CACHE_URL = ""
    assert watch.counting() == []
    settings.CACHES, settings.CACHE_URL = CACHES, NOBODY_LISTENS
    assert watch.counting() == ["redis: away, so nobody signs in"]


@pytest.mark.skipif(not site.CACHE_URL, reason="needs the Redis of .ci/redis")
def test_with_a_redis_that_answers_it_counts_there_and_says_so():
    assert HealthMiddleware(lambda request: None).counting() == ["redis: answers"]
    cache.set("counted", 7)
    assert cache._cache.get_client("counted").get("courseware:1:counted") == b"7"
