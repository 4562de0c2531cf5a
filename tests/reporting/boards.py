"""What tests of the board, of its file and of the page of one person have in common."""

import csv
import io

from bs4 import BeautifulSoup

from tests.making import join, make_enrollment, make_user


def learner_of(team, name="", **fields):
    learner = make_user(name)
    join(team, learner)
    return make_enrollment(learner, **fields)


def table(response):
    """The rows of the board as a reader sees them: name and team, state, done, due day, last active, next step."""
    found = BeautifulSoup(response.content, "html.parser").select(".board tbody tr")
    return [[" ".join(cell.get_text(" ").split()) for cell in row.select("th, td")] for row in found]


def exported(client, query=""):
    response = client.get(f"/team/board.csv{query}")
    data = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(data, newline="")))


def counts_on(context):
    """State → the number of its tile on a board."""
    return {tile.state: tile.number for tile in context["tiles"]}
