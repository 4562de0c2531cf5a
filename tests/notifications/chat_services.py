"""Fake chat services on this machine, written from their published documentation, with failure modes."""

import base64
import hashlib
import hmac
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from courseware.notifications.chat import client

AS_PUBLISHED, HANGS, ENDLESS, DROPS = "as published", "hangs", "endless", "drops"


class Dripping(str):
    """Failure mode: the beginning of a response that continues byte by byte."""


SECRETS = {"dingtalk": "SECfor-tests", "feishu": "for-tests"}
ADDRESSES = {
    "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/0a1b2c3d-0000-4000-8000-e8f90a1b2c3d",
    "teams": "https://prod-12.westeurope.logic.azure.com:443/workflows/0a1b2c3d4e5f6071/triggers/manual/paths/invoke"
    "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "slack": "https://hooks.slack.com/services/T00000000/B00000000/0a1b2c3d4e5f6071829314b5",
}
HOSTS = {urlsplit(address).hostname: service for service, address in ADDRESSES.items()}


def of_wecom(query, card):
    if "key" not in query:
        return 200, {"errcode": 93000, "errmsg": "invalid webhook url"}
    if card.keys() != {"msgtype", "markdown"} or card["msgtype"] != "markdown":
        return 200, {"errcode": 40008, "errmsg": "invalid message type"}
    if len(card["markdown"]["content"].encode()) > 4096:
        return 200, {"errcode": 40058, "errmsg": "markdown.content exceed max length 4096"}
    return 200, {"errcode": 0, "errmsg": "ok"}


def of_dingtalk(query, card):
    stamp, secret = query.get("timestamp", ""), SECRETS["dingtalk"]
    expected = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), digestmod=hashlib.sha256).digest()
    if "sign" not in query or query["sign"] != base64.b64encode(expected).decode():
        return 200, {"errcode": 310000, "errmsg": "sign not match"}
    if abs(time.time() * 1000 - int(stamp)) > 3600 * 1000:
        return 200, {"errcode": 310000, "errmsg": "invalid timestamp"}
    parts = {"title", "text", "singleTitle", "singleURL"}
    if card.get("msgtype") != "actionCard" or card["actionCard"].keys() != parts:
        return 200, {"errcode": 40035, "errmsg": "参数不合法"}
    return 200, {"errcode": 0, "errmsg": "ok"}


def of_feishu(query, card):
    stamp = card.pop("timestamp", "0")
    key = f"{stamp}\n{SECRETS['feishu']}"
    expected = base64.b64encode(hmac.new(key.encode(), digestmod=hashlib.sha256).digest()).decode()
    if card.pop("sign", "") != expected or abs(time.time() - int(stamp)) > 3600:
        return 200, {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"}
    if card.keys() != {"msg_type", "card"} or card["msg_type"] != "interactive" or "elements" not in card["card"]:
        return 200, {"code": 9499, "msg": "Bad Request"}
    return 200, {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}


def of_teams(query, card):
    [attachment] = card["attachments"]
    kind = "application/vnd.microsoft.card.adaptive"
    if card["type"] != "message" or attachment["contentType"] != kind or "sig" not in query:
        return 400, {"error": {"code": "TriggerInputSchemaMismatch"}}
    content = attachment["content"]
    if content["type"] != "AdaptiveCard" or not all(each["type"] == "TextBlock" for each in content["body"]):
        return 400, {"error": {"code": "BadRequest"}}
    return 202, ""


def of_slack(query, card):
    header = card["blocks"][0]
    if not card["text"] or header["type"] != "header" or not 0 < len(header["text"]["text"]) <= 150:
        return 400, "invalid_blocks"
    return 200, "ok"


RULES = {"wecom": of_wecom, "dingtalk": of_dingtalk, "feishu": of_feishu, "teams": of_teams, "slack": of_slack}


class ChatServices(ThreadingHTTPServer):
    """`manner`: a mode above, or a fixed (status, body, headers). `taken`: requests as (service, query, body)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.manner, self.taken, self.released = AS_PUBLISHED, [], threading.Event()

    def handle_error(self, request, client_address):
        """The client may hang up on an endless answer."""


class Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        server, address = self.server, urlsplit(self.path)
        service = HOSTS.get(self.headers["X-Asked-Host"], "")
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        card = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.taken.append((service, query, json.loads(json.dumps(card))))
        if server.manner == HANGS:
            server.released.wait()
        elif server.manner == ENDLESS:
            self.say(200, None, {})
            while not server.released.is_set():
                self.wfile.write(b"x" * 1024)
        elif isinstance(server.manner, Dripping):
            self.wfile.write(server.manner.encode())
            while not server.released.wait(0.01):
                self.wfile.write(b"0")
        elif server.manner != DROPS:
            if server.manner == AS_PUBLISHED:
                status, body, headers = (*RULES[service](query, card), {})
            else:
                status, body, headers = server.manner
            self.say(status, body if isinstance(body, str) else json.dumps(body), headers)

    def say(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if body is not None:
            self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write((body or "").encode())

    def log_message(self, *arguments):
        """Keep the test output clean."""


class LocalTransport(client.WatchedTransport):
    """Sends every request to the fake services."""

    def __init__(self, limit, port):
        super().__init__(limit)
        self.port = port

    def send(self, request, **options):
        asked = urlsplit(request.url)
        request.headers["X-Asked-Host"] = asked.hostname
        request.url = asked._replace(scheme="http", netloc=f"127.0.0.1:{self.port}").geturl()
        return super().send(request, **options)


@contextmanager
def chat_services(monkeypatch):
    """Redirect all chat requests to the fake services."""
    server, real = ChatServices(), client.new_session

    def new_session(limit):
        session = real(limit)
        session.mount("https://", LocalTransport(limit, server.server_port))
        return session

    monkeypatch.setattr(client, "new_session", new_session)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
