"""Helpers for tests of the dashboard, its exports and the person page."""

import csv
import io

from bs4 import BeautifulSoup

from courseware.accounts.models import Membership
from tests.making import join, make_enrollment, make_user


def learner_of(team, name="", *, email="", **fields):
    learner = make_user(name, email=email)
    join(team, learner)
    return make_enrollment(learner, **fields)


def sign_in_another_manager(client, team):
    other = make_user("Ma Min", language="en")
    join(team, other, Membership.Role.MANAGER)
    client.force_login(other)


def table(response):
    """Rows of the dashboard as shown: name and team, state, done, due date, last active, next step."""
    found = BeautifulSoup(response.content, "html.parser").select(".board tbody tr")
    return [[" ".join(cell.get_text(" ").split()) for cell in row.select("th, td")] for row in found]


def exported(client, query=""):
    response = client.get(f"/team/dashboard.csv{query}")
    data = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(data, newline="")))


def counts_on(context):
    """State → number on its tile."""
    return {tile.state: tile.number for tile in context["tiles"]}
