"""Pages for group-chat bots: adding, testing and removing; addresses are never shown again."""

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from courseware.assignments.chat.delivery import send_message
from courseware.assignments.models import WAITING, ChatBot, ChatMessage
from courseware.audit_log.models import Event
from courseware.audit_log.record import subject_of
from courseware.jobs import health
from tests.assignments.chat_bots import chat_messages, make_chat_bot
from tests.making import make_admin, make_team
from tests.notifications.chat_services import ADDRESSES, SECRETS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hr_signed_in")]


def sent(to_team, by_service="dingtalk", **fields):
    known = {"team": to_team.pk, "service": by_service, "language": "en", "is_on": "on"}
    return known | {"new_address": ADDRESSES[by_service], "new_secret": SECRETS.get(by_service, "")} | fields


def log_of(team):
    return list(Event.objects.filter(subject=subject_of(team)).order_by("pk").values_list("verb", "data"))


def send_waiting():
    """Send waiting messages like the worker."""
    for message in ChatMessage.objects.filter(WAITING):
        send_message(message.pk)


def test_address_and_secret_are_never_shown_or_logged(client):
    team = make_team()
    response = client.post("/people/chat-bots/new/", sent(team), follow=True)
    bot = ChatBot.objects.get()
    assert (bot.team, bot.address, bot.secret) == (team, ADDRESSES["dingtalk"], SECRETS["dingtalk"])
    pages = [response, client.get("/people/chat-bots/"), client.get(f"/people/chat-bots/{bot.pk}/")]
    pages.append(client.post(f"/people/chat-bots/{bot.pk}/", sent(team, language="xx", new_address="", new_secret="")))
    for page in pages:
        text = page.content.decode()
        assert "oapi.dingtalk.com/…e8f9" in text
        assert "0a1b2c3d4e5f" not in text and SECRETS["dingtalk"] not in text
    assert log_of(team) == [("chat-bot-added", {"bot": bot.pk, "service": "dingtalk"})]


def test_empty_address_keeps_both_and_new_one_drops_secret(client, hr):
    bot = make_chat_bot(make_team(), "dingtalk")

    def save(**fields):
        assert client.post(f"/people/chat-bots/{bot.pk}/", sent(bot.team, **fields)).status_code == 302
        bot.refresh_from_db()
        return bot.address, bot.secret

    known = (ADDRESSES["dingtalk"], SECRETS["dingtalk"])
    assert save(new_address="", new_secret="") == known
    assert log_of(bot.team) == []  # nothing was changed
    assert save(new_address="", new_secret="another") == (known[0], "another")
    assert save(new_address=f"{known[0]}0", new_secret="") == (f"{known[0]}0", "")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"new_address": ""}, "This field is required."),
        ({"new_address": "https://127.0.0.1/x"}, "Enter a webhook address at oapi.dingtalk.com."),
        ({"new_address": ADDRESSES["slack"]}, "Enter a webhook address at oapi.dingtalk.com."),
        ({"new_address": "http://oapi.dingtalk.com/x"}, "Enter the full address that the group-chat bot shows"),
        ({"new_address": f"{ADDRESSES['dingtalk']}{'x' * 1000}"}, "at most 1000 characters"),
        ({"service": "slack", "new_address": ADDRESSES["slack"]}, "This service does not use signatures"),
        ({"service": "nowhere"}, "Select a valid choice."),
        ({"team": "0"}, "Select a valid choice."),
    ],
)
def test_invalid_bot_is_refused_with_message(client, fields, sentence):
    response = client.post("/people/chat-bots/new/", sent(make_team(), **fields))
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not ChatBot.objects.exists()


def test_stored_address_is_checked_for_new_service(client, hr):
    bot = make_chat_bot(make_team(), "dingtalk")
    response = client.post(
        f"/people/chat-bots/{bot.pk}/", sent(bot.team, service="wecom", new_address="", new_secret="")
    )
    assert response.status_code == 422
    assert ChatBot.objects.get().service == "dingtalk"


def test_test_message_is_sent_once_and_answer_shown(client, services):
    bot = make_chat_bot(make_team(), "feishu", is_on=False)  # before it is switched on
    for _ in range(2):
        client.post(f"/people/chat-bots/{bot.pk}/try/")
    [task] = DBTaskResult.objects.filter(task_path__endswith="send_test_message")
    task.task.func(*task.args_kwargs["args"])
    [(service, _query, message)] = services.taken
    assert (service, "This is a test message" in str(message)) == ("feishu", True)
    page = client.get(f"/people/chat-bots/{bot.pk}/").content.decode()
    assert "test message: <b>sent</b>" in page and "&quot;msg&quot;: &quot;success&quot;" in page
    assert log_of(bot.team) == [("chat-bot-tested", {"bot": bot.pk, "service": "feishu"})]
    client.post(f"/people/chat-bots/{bot.pk}/try/")
    send_waiting()
    assert len(services.taken) == 2


def test_failed_test_message_is_not_retried(client, hr, services):
    bot = make_chat_bot(make_team())
    services.manner = (503, "away", {})
    client.post(f"/people/chat-bots/{bot.pk}/try/")
    send_waiting()
    send_waiting()
    assert chat_messages() == [("given-up", "503 away", 1)]
    bot.refresh_from_db()
    assert bot.refused_at is None


def test_paused_bot_is_shown_until_saved_again(client, services):
    bot = make_chat_bot(make_team())
    services.manner = (404, "no_service", {})
    client.post(f"/people/chat-bots/{bot.pk}/try/")
    send_waiting()
    for page in ("/people/chat-bots/", f"/people/chat-bots/{bot.pk}/"):
        assert "paused</span>" in client.get(page).content.decode()
    assert "404 no_service" in client.get(f"/people/chat-bots/{bot.pk}/").content.decode()
    client.post(f"/people/chat-bots/{bot.pk}/try/")  # ignored
    assert len(chat_messages()) == 1
    warnings = [(str(each.about), str(each.words), each.page) for each in health.FURTHER["chat-bots"](timezone.now())]
    assert warnings == [
        ("Group-chat bots", "1 group-chat bot is paused: the service rejected a message", "hr:chat-bots")
    ]
    client.force_login(make_admin(language="en"))
    assert "1 group-chat bot is paused: the service rejected a message" in client.get("/admin/").content.decode()
    client.post(f"/people/chat-bots/{bot.pk}/", sent(bot.team, "slack", new_address=""))
    assert health.FURTHER["chat-bots"](timezone.now()) == []


def test_bot_is_removed_with_its_messages(client, hr):
    bot = make_chat_bot(make_team())
    ChatMessage.objects.create(bot=bot)
    assert client.post(f"/people/chat-bots/{bot.pk}/remove/").status_code == 302
    assert client.post(f"/people/chat-bots/{bot.pk}/remove/").status_code == 404
    assert not ChatMessage.objects.exists()
    assert log_of(bot.team) == [("chat-bot-removed", {"bot": bot.pk, "service": "slack"})]


def test_refused_form_does_not_return_secret(client):
    form = sent(make_team(), new_address="https://evil.example/", new_secret="SEC-typed-secret")
    page = client.post("/people/chat-bots/new/", form)
    assert page.status_code == 422
    assert "SEC-typed-secret" not in page.content.decode()
