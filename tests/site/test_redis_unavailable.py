"""While Redis is unavailable, pages and answers work, and sign-in is refused."""

import pytest
from django.conf import settings as site
from django.core.cache import cache
from django.test import Client

from courseware.learning.models import Answer
from courseware.project.health import HealthMiddleware
from tests.learning.lesson_pages import sent
from tests.making import PASSWORD

UNREACHABLE = "redis://127.0.0.1:1"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": UNREACHABLE,
    }
}


@pytest.fixture
def redis_unavailable(settings, world):
    settings.CACHES, settings.CACHE_URL = CACHES, UNREACHABLE


def visitor_of(person):
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
def test_pages_are_shown(role, paths, world, redis_unavailable):
    visitor = visitor_of(world.people[role])
    assert {path: visitor.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_answer_is_stored(world, redis_unavailable):
    before = Answer.objects.count()
    response = visitor_of(world.learner).post("/learn/tea-room/boiling/answer/is-it-off/", sent("1", tries=before))
    assert (response.status_code, Answer.objects.count()) == (302, before + 1)


@pytest.mark.parametrize("password", [PASSWORD, "a-wrong-password"])
def test_sign_in_is_refused_with_retry_time(password, world, redis_unavailable):
    visitor = Client(raise_request_exception=False, headers={"accept-language": "en"})
    assert visitor.get("/accounts/login/").status_code == 200
    response = visitor.post("/accounts/login/", {"login": world.learner.email, "password": password})
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert "We will be back in a moment" in response.text
    assert "_auth_user_id" not in visitor.session


def test_link_request_is_refused(world, redis_unavailable):
    visitor = Client(raise_request_exception=False)
    assert visitor.post("/accounts/password/reset/", {"email": world.learner.email}).status_code == 503


def test_health_check_reports_redis(settings):
    watch = HealthMiddleware(lambda request: None)
    settings.CACHE_URL = ""
    assert watch.counting() == []
    settings.CACHES, settings.CACHE_URL = CACHES, UNREACHABLE
    assert watch.counting() == ["redis: away, so nobody signs in"]


@pytest.mark.skipif(not site.CACHE_URL, reason="needs the Redis of .ci/redis")
def test_available_redis_counts_attempts():
    assert HealthMiddleware(lambda request: None).counting() == ["redis: answers"]
    cache.set("counted", 7)
    assert cache._cache.get_client("counted").get("courseware:1:counted") == b"7"
