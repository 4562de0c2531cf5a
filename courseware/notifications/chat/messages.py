"""Messages to chat groups, in the format of each service. They name no person and contain no free Markdown.

Not by the library apprise: it signs DingTalk messages wrongly, Feishu messages not at all, and takes an error in a
response of status 200 for success.
"""

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
    title: str
    lines: Sequence[str]
    button: str
    address: str


class Signed(NamedTuple):
    query: dict[str, str]
    body: dict[str, str]


UNSIGNED = Signed({}, {})


@dataclass(frozen=True)
class ChatService:
    """`hosts`: "*.example.com" is every host below. `read`: error code of a 2xx answer, "" for none, None: unknown."""

    words: str | Promise
    hosts: tuple[str, ...]
    form: Callable[[ChatContent], dict[str, Any]]
    read: Callable[[int, Any], str | None]
    sign: Callable[[str, float], Signed] | None = None
    busy: frozenset[str] = frozenset()  # codes of faults that pass


def without_marks(text: str) -> str:
    return " ".join(MARKDOWN.sub(" ", text).split())


def wecom_form(card: ChatContent) -> dict[str, Any]:
    lines = [f"**{without_marks(card.title)}**", *(f"> {without_marks(line)}" for line in card.lines)]
    return {
        "msgtype": "markdown",
        "markdown": {"content": "\n".join([*lines, f"[{card.button}]({card.address})"])},
    }


def dingtalk_form(card: ChatContent) -> dict[str, Any]:
    title = without_marks(card.title)
    text = "\n\n".join([f"### {title}", *map(without_marks, card.lines)])
    return {
        "msgtype": "actionCard",
        "actionCard": {"title": title, "text": text, "singleTitle": card.button, "singleURL": card.address},
    }


def feishu_form(card: ChatContent) -> dict[str, Any]:
    def plain(text: str) -> dict[str, str]:
        return {"tag": "plain_text", "content": text}

    button = {"tag": "button", "text": plain(card.button), "type": "primary", "url": card.address}
    return {
        "msg_type": "interactive",
        "card": {
            "header": {"title": plain(card.title)},
            "elements": [
                {"tag": "div", "text": plain("\n".join(card.lines))},
                {"tag": "action", "actions": [button]},
            ],
        },
    }


def teams_form(card: ChatContent) -> dict[str, Any]:
    def block(text: str, **looks: str) -> dict[str, Any]:
        return {"type": "TextBlock", "text": without_marks(text), "wrap": True, **looks}

    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [block(card.title, size="Medium", weight="Bolder"), *map(block, card.lines)],
        "actions": [{"type": "Action.OpenUrl", "title": card.button, "url": card.address}],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": content}]}


def slack_form(card: ChatContent) -> dict[str, Any]:
    def plain(text: str) -> dict[str, str]:
        return {"type": "plain_text", "text": text}

    button = {"type": "button", "text": plain(card.button), "url": card.address}
    return {
        "text": escape(" · ".join([card.title, *card.lines]), quote=False),  # what a phone shows before it is opened
        "blocks": [
            {"type": "header", "text": plain(card.title)},
            {"type": "section", "text": plain("\n".join(card.lines))},
            {"type": "actions", "elements": [button]},
        ],
    }


def dingtalk_signature(secret: str, now: float) -> Signed:
    """Of milliseconds and secret, under the secret; part of the URL."""
    stamp = f"{int(now * 1000)}"
    said = f"{stamp}\n{secret}".encode()
    return Signed({"timestamp": stamp, "sign": b64encode(digest(secret.encode(), said, sha256)).decode()}, {})


def feishu_signature(secret: str, now: float) -> Signed:
    """Of nothing, under seconds and secret; part of the body."""
    stamp = f"{int(now)}"
    key = f"{stamp}\n{secret}".encode()
    return Signed({}, {"timestamp": stamp, "sign": b64encode(digest(key, b"", sha256)).decode()})


def code_under(name: str) -> Callable[[int, Any], str | None]:
    """For services that always answer 200 with a number in JSON."""

    def read(status: int, said: Any) -> str | None:
        code = said.get(name) if isinstance(said, dict) else None
        if not isinstance(code, int):
            return None
        return f"{code}" if code else ""

    return read


def ok_of_slack(status: int, said: Any) -> str | None:
    return "" if said == "ok" else None


def taken_by_teams(status: int, said: Any) -> str | None:
    """202 without content; the message is shown by a flow that runs later."""
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
