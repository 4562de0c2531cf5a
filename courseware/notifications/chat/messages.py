"""Messages to chat groups in the format of each service. They name no person and contain no free Markdown."""

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import digest
from html import escape
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MARKDOWN = re.compile(r"[\\`*_~#<>\[\]()|@]+")


@dataclass(frozen=True)
class ChatContent:
    """A message: title, lines of text, and a button (its label) that opens the URL `address`."""

    title: str
    lines: Sequence[str]
    button: str
    address: str


class Signed(NamedTuple):
    query: dict[str, str]  # added to the URL
    body: dict[str, str]  # added to the JSON


UNSIGNED = Signed({}, {})


@dataclass(frozen=True)
class ChatService:
    """`hosts`: "*.example.com" is each subdomain. `form`: returns the JSON body. `read`: (status, JSON or text) of a
    2xx response → error code, "" for success, None if unknown. `sign`: (secret, Unix time) → signature.
    """

    words: str | Promise
    hosts: tuple[str, ...]
    form: Callable[[ChatContent], dict[str, Any]]
    read: Callable[[int, Any], str | None]
    sign: Callable[[str, float], Signed] | None = None
    busy: frozenset[str] = frozenset()  # error codes that call for a retry


def without_marks(text: str) -> str:
    return " ".join(MARKDOWN.sub(" ", text).split())


def wecom_form(content: ChatContent) -> dict[str, Any]:
    lines = [f"**{without_marks(content.title)}**", *(f"> {without_marks(line)}" for line in content.lines)]
    return {
        "msgtype": "markdown",
        "markdown": {"content": "\n".join([*lines, f"[{content.button}]({content.address})"])},
    }


def dingtalk_form(content: ChatContent) -> dict[str, Any]:
    title = without_marks(content.title)
    text = "\n\n".join([f"### {title}", *map(without_marks, content.lines)])
    return {
        "msgtype": "actionCard",
        "actionCard": {"title": title, "text": text, "singleTitle": content.button, "singleURL": content.address},
    }


def feishu_form(content: ChatContent) -> dict[str, Any]:
    def plain(text: str) -> dict[str, str]:
        return {"tag": "plain_text", "content": text}

    button = {"tag": "button", "text": plain(content.button), "type": "primary", "url": content.address}
    return {
        "msg_type": "interactive",
        "card": {
            "header": {"title": plain(content.title)},
            "elements": [
                {"tag": "div", "text": plain("\n".join(content.lines))},
                {"tag": "action", "actions": [button]},
            ],
        },
    }


def teams_form(content: ChatContent) -> dict[str, Any]:
    def block(text: str, **style: str) -> dict[str, Any]:
        return {"type": "TextBlock", "text": without_marks(text), "wrap": True, **style}

    adaptive_card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [block(content.title, size="Medium", weight="Bolder"), *map(block, content.lines)],
        "actions": [{"type": "Action.OpenUrl", "title": content.button, "url": content.address}],
    }
    content_type = "application/vnd.microsoft.card.adaptive"
    return {
        "type": "message",
        "attachments": [{"contentType": content_type, "contentUrl": None, "content": adaptive_card}],
    }


def slack_form(content: ChatContent) -> dict[str, Any]:
    def plain(text: str) -> dict[str, str]:
        return {"type": "plain_text", "text": text}

    button = {"type": "button", "text": plain(content.button), "url": content.address}
    return {
        "text": escape(" · ".join([content.title, *content.lines]), quote=False),  # the text of push notifications
        "blocks": [
            {"type": "header", "text": plain(content.title)},
            {"type": "section", "text": plain("\n".join(content.lines))},
            {"type": "actions", "elements": [button]},
        ],
    }


def dingtalk_signature(secret: str, now: float) -> Signed:
    """Return the signature with `secret` as query parameters. `now`: Unix time in seconds."""
    stamp = f"{int(now * 1000)}"
    signed_text = f"{stamp}\n{secret}".encode()
    return Signed({"timestamp": stamp, "sign": b64encode(digest(secret.encode(), signed_text, sha256)).decode()}, {})


def feishu_signature(secret: str, now: float) -> Signed:
    """Return the signature with `secret` as JSON fields. `now`: Unix time in seconds."""
    stamp = f"{int(now)}"
    key = f"{stamp}\n{secret}".encode()
    return Signed({}, {"timestamp": stamp, "sign": b64encode(digest(key, b"", sha256)).decode()})


def code_under(name: str) -> Callable[[int, Any], str | None]:
    """Return a `read` for services that answer 200 with an error code (0: success) in the JSON field `name`."""

    def read(status: int, body: Any) -> str | None:
        code = body.get(name) if isinstance(body, dict) else None
        if not isinstance(code, int):
            return None
        return f"{code}" if code else ""

    return read


def ok_of_slack(status: int, body: Any) -> str | None:
    return "" if body == "ok" else None


def taken_by_teams(status: int, body: Any) -> str | None:
    """Return "" (no error) for each 2xx response: a flow displays the message later."""
    return ""


SERVICES = {
    "wecom": ChatService(
        _("WeCom"),
        ("qyapi.weixin.qq.com",),
        wecom_form,
        code_under("errcode"),
        busy=frozenset({"-1", "45009"}),
    ),
    "dingtalk": ChatService(
        _("DingTalk"),
        ("oapi.dingtalk.com",),
        dingtalk_form,
        code_under("errcode"),
        sign=dingtalk_signature,
        busy=frozenset({"-1", "130101", "410100"}),
    ),
    "feishu": ChatService(
        _("Feishu or Lark"),
        ("open.feishu.cn", "open.larksuite.com"),
        feishu_form,
        code_under("code"),
        sign=feishu_signature,
        busy=frozenset({"11232"}),
    ),
    "teams": ChatService(
        "Microsoft Teams",
        ("*.logic.azure.com", "*.environment.api.powerplatform.com"),
        teams_form,
        taken_by_teams,
    ),
    "slack": ChatService("Slack", ("hooks.slack.com",), slack_form, ok_of_slack),
}
