"""Chat bots for tests, and teams with overdue learners."""

from datetime import timedelta

from django.utils import timezone

from courseware.assignments.models import ChatBot, ChatMessage
from courseware.learning.enrollments.enrollment import enroll
from tests.making import join, make_team, make_user
from tests.notifications.chat_services import ADDRESSES, SECRETS


def make_chat_bot(team, service="slack", **fields):
    known = {"address": ADDRESSES[service], "secret": SECRETS.get(service, ""), "language": "en"}
    return ChatBot.objects.create(team=team, service=service, **known | fields)


def make_late_team(course, name="Night shift", *, learners=5, late=3, **fields):
    """`late` of the learners are overdue; the others are due in 2 days."""
    team = make_team(name, **fields)
    now = timezone.now()
    for number in range(learners):
        person = make_user(f"{name} {number}")
        join(team, person)
        enroll(person, course, due_at=now + timedelta(days=-1 if number < late else 2), by=None)
    return team


def chat_messages():
    """(state, reason, tries) of all messages, oldest first."""
    return list(ChatMessage.objects.order_by("pk").values_list("state", "why", "tries"))
