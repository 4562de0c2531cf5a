"""/people/chat-bots/: who may, what is asked, and that an address is never shown again."""

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


def sent(place, kind="dingtalk", **fields):
    known = {"team": place.pk, "service": kind, "language": "en", "is_on": "on"}
    return known | {"new_address": ADDRESSES[kind], "new_secret": SECRETS.get(kind, "")} | fields


def log_of(team):
    return list(Event.objects.filter(subject=subject_of(team)).order_by("pk").values_list("verb", "data"))


def leave():
    """The worker sends the chat_messages that wait."""
    for card in ChatMessage.objects.filter(WAITING):
        send_message(card.pk)


def test_a_door_is_made_and_its_address_and_secret_are_never_shown_again_nor_logged(client):
    team = make_team()
    response = client.post("/people/chat-bots/new/", sent(team), follow=True)
    door = ChatBot.objects.get()
    assert (door.team, door.address, door.secret) == (team, ADDRESSES["dingtalk"], SECRETS["dingtalk"])
    pages = [response, client.get("/people/chat-bots/"), client.get(f"/people/chat-bots/{door.pk}/")]
    pages.append(client.post(f"/people/chat-bots/{door.pk}/", sent(team, language="xx", new_address="", new_secret="")))
    for page in pages:
        text = page.content.decode()
        assert "oapi.dingtalk.com/…e8f9" in text
        assert "0a1b2c3d4e5f" not in text and SECRETS["dingtalk"] not in text
    assert log_of(team) == [("chat-bot-added", {"door": door.pk, "service": "dingtalk"})]


def test_an_empty_address_keeps_both_and_another_takes_its_own_secret_or_none(client, hr):
    door = make_chat_bot(make_team(), "dingtalk")

    def save(**fields):
        assert client.post(f"/people/chat-bots/{door.pk}/", sent(door.team, **fields)).status_code == 302
        door.refresh_from_db()
        return door.address, door.secret

    known = (ADDRESSES["dingtalk"], SECRETS["dingtalk"])
    assert save(new_address="", new_secret="") == known
    assert log_of(door.team) == []  # nothing was changed
    assert save(new_address="", new_secret="another") == (known[0], "another")
    assert save(new_address=f"{known[0]}0", new_secret="") == (f"{known[0]}0", "")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"new_address": ""}, "This field is required."),
        ({"new_address": "https://127.0.0.1/x"}, "Enter an address at oapi.dingtalk.com."),
        ({"new_address": ADDRESSES["slack"]}, "Enter an address at oapi.dingtalk.com."),
        ({"new_address": "http://oapi.dingtalk.com/x"}, "Enter the full address that the group-chat bot shows"),
        ({"new_address": f"{ADDRESSES['dingtalk']}{'x' * 1000}"}, "at most 1000 characters"),
        ({"service": "slack", "new_address": ADDRESSES["slack"]}, "This service does not use signatures"),
        ({"service": "nowhere"}, "Select a valid choice."),
        ({"team": "0"}, "Select a valid choice."),
    ],
)
def test_what_is_no_door_is_refused_with_a_sentence(client, fields, sentence):
    response = client.post("/people/chat-bots/new/", sent(make_team(), **fields))
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not ChatBot.objects.exists()


def test_an_address_that_stays_is_looked_at_again_where_the_service_is_another(client, hr):
    door = make_chat_bot(make_team(), "dingtalk")
    response = client.post(
        f"/people/chat-bots/{door.pk}/", sent(door.team, service="wecom", new_address="", new_secret="")
    )
    assert response.status_code == 422
    assert ChatBot.objects.get().service == "dingtalk"


def test_a_try_sends_one_card_however_often_it_is_pressed_and_the_page_says_the_doors_answer(client, services):
    door = make_chat_bot(make_team(), "feishu", is_on=False)  # before it is switched on
    for _ in range(2):
        client.post(f"/people/chat-bots/{door.pk}/try/")
    [task] = DBTaskResult.objects.filter(task_path__endswith="send_test_message")
    task.task.func(*task.args_kwargs["args"])
    [(service, _query, card)] = services.taken
    assert (service, "This is a test message" in str(card)) == ("feishu", True)
    page = client.get(f"/people/chat-bots/{door.pk}/").content.decode()
    assert "test message: <b>sent</b>" in page and "&quot;msg&quot;: &quot;success&quot;" in page
    assert log_of(door.team) == [("chat-bot-tested", {"door": door.pk, "service": "feishu"})]
    client.post(f"/people/chat-bots/{door.pk}/try/")
    leave()
    assert len(services.taken) == 2


def test_a_try_that_fails_is_not_tried_again_and_tells_nobody(client, hr, services):
    door = make_chat_bot(make_team())
    services.manner = (503, "away", {})
    client.post(f"/people/chat-bots/{door.pk}/try/")
    leave()
    leave()
    assert chat_messages() == [("given-up", "503 away", 1)]
    door.refresh_from_db()
    assert door.refused_at is None


def test_a_door_that_refused_says_so_on_its_page_and_the_first_page_of_the_admin_until_it_is_saved_anew(
    client, services
):
    door = make_chat_bot(make_team())
    services.manner = (404, "no_service", {})
    client.post(f"/people/chat-bots/{door.pk}/try/")
    leave()
    for page in ("/people/chat-bots/", f"/people/chat-bots/{door.pk}/"):
        assert "paused</span>" in client.get(page).content.decode()
    assert "404 no_service" in client.get(f"/people/chat-bots/{door.pk}/").content.decode()
    client.post(f"/people/chat-bots/{door.pk}/try/")  # of no use
    assert len(chat_messages()) == 1
    troubles = [(str(each.about), str(each.words), each.page) for each in health.FURTHER["doors"](timezone.now())]
    assert troubles == [
        ("Group-chat bots", "1 group-chat bot is paused: the service rejected a message", "hr:chat-bots")
    ]
    client.force_login(make_admin(language="en"))
    assert "1 group-chat bot is paused: the service rejected a message" in client.get("/admin/").content.decode()
    client.post(f"/people/chat-bots/{door.pk}/", sent(door.team, "slack", new_address=""))
    assert health.FURTHER["chat-bots"](timezone.now()) == []


def test_a_door_is_taken_away_with_its_cards_once(client, hr):
    door = make_chat_bot(make_team())
    ChatMessage.objects.create(door=door)
    assert client.post(f"/people/chat-bots/{door.pk}/remove/").status_code == 302
    assert client.post(f"/people/chat-bots/{door.pk}/remove/").status_code == 404
    assert not ChatMessage.objects.exists()
    assert log_of(door.team) == [("chat-bot-removed", {"door": door.pk, "service": "slack"})]


def test_a_form_that_is_refused_does_not_give_the_secret_back(client):
    form = sent(make_team(), new_address="https://evil.example/", new_secret="SEC-typed-secret")
    page = client.post("/people/chat-bots/new/", form)
    assert page.status_code == 422
    assert "SEC-typed-secret" not in page.content.decode()
