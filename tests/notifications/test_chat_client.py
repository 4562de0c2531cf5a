"""Messages to chat services: format, signature, answers and allowed addresses."""

import logging

import pytest
from django.core.exceptions import ValidationError

from courseware.notifications.chat import client
from courseware.notifications.chat.client import check_address, masked, post_message
from courseware.notifications.chat.messages import SERVICES, ChatContent, dingtalk_signature, feishu_signature
from courseware.notifications.email.time_limit import TimeLimit
from tests.notifications.chat_services import ADDRESSES, DROPS, ENDLESS, HANGS, SECRETS, Dripping
from tests.patience import PATIENCE

MESSAGE = ChatContent(
    "夜班: training", ["Late: 3", "Still open: 12"], "Open my training", "https://training.example.com/"
)
pytestmark = pytest.mark.any_database


def post(service, message=MESSAGE):
    return post_message(service, ADDRESSES[service], SECRETS.get(service, ""), message)


def test_dingtalk_and_feishu_signatures_match_openssl():
    query = {"timestamp": "1764144000000", "sign": "aW7w2mmWUspC+3AGWwClrtXdT5Iir3GJifzjwUABHHs="}
    assert dingtalk_signature("SECfor-tests", 1764144000.0) == (query, {})
    body = {"timestamp": "1764144000", "sign": "AP1vvKdgDlzODB+qL6lwvaJPqKBYW3K5neD2mGvSnWU="}
    assert feishu_signature("for-tests", 1764144000.9) == ({}, body)


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ("wecom", '200 {"errcode": 0, "errmsg": "ok"}'),
        ("dingtalk", '200 {"errcode": 0, "errmsg": "ok"}'),
        ("feishu", '200 {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}'),
        ("teams", "202"),
        ("slack", "200 ok"),
    ],
)
def test_service_accepts_message(services, service, words):
    assert post(service) == ("delivered", words)
    [(asked, _query, _sent)] = services.taken
    assert asked == service


def test_every_message_has_title_lines_and_button(services):
    for service in SERVICES:
        post(service)
    assert len(services.taken) == len(SERVICES)
    for _service, _query, sent in services.taken:
        for part in (MESSAGE.title, *MESSAGE.lines, MESSAGE.button, MESSAGE.address):
            assert part in str(sent)


def test_wrong_or_missing_secret_is_refused(services):
    for service in ("dingtalk", "feishu"):
        assert post_message(service, ADDRESSES[service], "another", MESSAGE).verdict == "refused"
        assert post_message(service, ADDRESSES[service], "", MESSAGE).verdict == "refused"
        _service, query, sent = services.taken[-1]
        assert "sign" not in query and "sign" not in sent


def test_longest_team_name_fits_and_is_escaped(services):
    name = "夜" * 84 + " [x](http://evil.example/) <@all> **"
    assert len(name) == 120  # as long as it may be
    message = ChatContent(f"{name}: training", MESSAGE.lines, MESSAGE.button, MESSAGE.address)
    for service in SERVICES:
        assert post(service, message).verdict == "delivered"
    for service, _query, sent in services.taken:
        if service in ("wecom", "dingtalk", "teams"):
            assert "](http://evil" not in str(sent) and "<@" not in str(sent)
        assert "<@all>" not in sent.get("text", "")


@pytest.mark.parametrize(
    ("service", "manner", "answer"),
    [
        ("dingtalk", (200, {"errcode": 310000}, {}), ("refused", '200 {"errcode": 310000}')),
        ("dingtalk", (200, {"errcode": 130101}, {}), ("later", '200 {"errcode": 130101}')),
        ("wecom", (200, {"errcode": 93000}, {}), ("refused", '200 {"errcode": 93000}')),
        ("wecom", (200, {"errcode": 45009}, {}), ("later", '200 {"errcode": 45009}')),
        ("wecom", (200, {"errcode": "0"}, {}), ("later", '200 {"errcode": "0"}')),
        ("feishu", (200, {"code": 19021}, {}), ("refused", '200 {"code": 19021}')),
        ("feishu", (200, [0], {}), ("later", "200 [0]")),
        ("slack", (200, "<html>sign in to the network", {}), ("later", "200 <html>sign in to the network")),
        ("slack", (404, "no_service", {}), ("refused", "404 no_service")),
        ("slack", (429, "slow\n down", {"Retry-After": "30"}), ("later", "429 slow down")),
        ("teams", (500, "", {}), ("later", "500")),
        ("teams", (302, "", {"Location": "http://169.254.169.254/"}), ("refused", "302")),
        ("teams", (410, "", {}), ("refused", "410")),
    ],
)  # fmt: skip
def test_answer_is_classified(services, service, manner, answer):
    services.manner = manner
    assert post(service) == answer
    assert len(services.taken) == 1  # a redirect is not followed


def test_hanging_dropping_or_endless_service_is_retried(services, monkeypatch):
    monkeypatch.setattr(client, "TIMEOUT", (0.5, 0.1))
    services.manner = HANGS
    assert post("slack") == ("unreachable", "ReadTimeout")
    monkeypatch.setattr(client, "TIMEOUT", (PATIENCE, PATIENCE))
    services.manner = DROPS
    assert post("slack") == ("unreachable", "ConnectionError")
    services.manner = ENDLESS
    verdict, words = post("slack")
    assert (verdict, len(words)) == ("later", len("200 ") + client.LONGEST_WORDS)


def test_null_character_is_removed_from_answer(services):
    services.manner = (404, "no\0 service", {})
    assert post("slack") == ("refused", "404 no service")


def test_at_most_4_kilobytes_of_answer_are_read():
    class Long:
        def iter_content(self, size):
            yield from [b"x"] * 10_000

    assert client.beginning_of(Long()) == "x" * 4096


@pytest.mark.parametrize(
    "begins",
    [
        "HTTP/1.0 ",
        "HTTP/1.0 500 no\r\nX: ",
        "HTTP/1.1 200 ok\r\n\r\n",
        "HTTP/1.1 500 no\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 500 no\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
        "HTTP/1.1 500 no\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
    ],
)
def test_dripping_answer_is_cut_off_by_time_limit(services, settings, begins):
    settings.CHAT_SECONDS = 0.2
    services.manner = Dripping(begins)
    assert post("slack") == ("unreachable", "no whole answer within 0.2 s")
    assert not services.released.is_set()


def test_logs_and_errors_contain_no_address_or_secret(services, caplog):
    caplog.set_level(logging.DEBUG)  # but where the settings say otherwise
    for service, address in ADDRESSES.items():
        key = address[-20:]
        services.manner = (400, f"nobody is at {address} {SECRETS.get(service, '')}", {})
        words = post(service).words
        assert words.startswith("400 nobody is at ") and key not in words
        assert not any(secret in words for secret in SECRETS.values())
        services.manner = DROPS
        assert post(service).words == "ConnectionError"
        assert key not in caplog.text


def test_proxy_comes_from_setting_not_environment(monkeypatch, settings):
    monkeypatch.setenv("HTTPS_PROXY", "http://evil.example:1")
    session = client.new_session(TimeLimit(1))
    assert session.merge_environment_settings(ADDRESSES["slack"], {}, None, None, None)["proxies"] == {}
    settings.CHAT_PROXY = "http://proxy.example.com:3128"
    assert client.new_session(TimeLimit(1)).proxies == {"https": "http://proxy.example.com:3128"}


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.slack.com/services/T0/B0/x",
        "https://hooks.slack.com:8443/services/T0/B0/x",
        "https://somebody@hooks.slack.com/services/T0/B0/x",
        "https://hooks.slack.com@169.254.169.254/services",
        "https://hooks.slack.com\\@evil.example/services",
        "https://evil.example/#@hooks.slack.com/services",
        "https://hooks.slack.com.evil.example/services",
        "https://evil-hooks.slack.com/services",
        "https://127.0.0.1/services/T0/B0/x",
        "https://hooks.slack.com",
        "https://HOOKS.slack.com/services/T0/B0/x",
        "https://hooks.slack.com/services/T0/B0/x\n",
        "https://oapi.dingtalk.com/robot/send?access_token=x",
        "",
    ],
)
def test_disallowed_address_is_never_requested(services, address):
    with pytest.raises(ValidationError):
        check_address(address, "slack")
    assert post_message("slack", address, "", MESSAGE) == ("refused", "the address is none that is allowed here")
    assert services.taken == []


def test_published_and_configured_addresses_are_allowed(settings):
    for service, address in ADDRESSES.items():
        check_address(address, service)
    check_address("https://hooks.slack.com:443/services/T0/B0/x", "slack")
    environment = (
        "https://default0a1b.2c.environment.api.powerplatform.com:443/powerautomate/automations/direct/x?sig=y"
    )
    check_address(environment, "teams")
    with pytest.raises(ValidationError):
        check_address("https://logic.azure.com/workflows/x", "teams")
    settings.CHAT_HOSTS = ["*.chat.example.com"]
    check_address("https://robots.chat.example.com/x", "slack")


def test_masked_address_shows_host_and_last_4_characters():
    assert masked(ADDRESSES["slack"]) == "hooks.slack.com/…14b5"
    assert masked(ADDRESSES["teams"]) == "prod-12.westeurope.logic.azure.com/…e8f9"
