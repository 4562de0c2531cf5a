"""What a learner in front of an exam opens and sends."""

from bs4 import BeautifulSoup

HTMX = {"hx-request": "true"}
EXAM = "/exam/tea-room/last-cup/"


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def text_of(response):
    """The words of the page's main part."""
    return " ".join(soup(response).select_one("main").get_text(" ").split())


def page(attempt, position=1):
    return f"/attempts/{attempt.pk}/?question={position}"


def save(client, attempt, position=1, *, live=False, **fields):
    fields = {"saves": "0", **fields}
    return client.post(f"/attempts/{attempt.pk}/{position}/", fields, headers=HTMX if live else {})


def form_of(response):
    return soup(response).select_one("form#answer")


def as_fields(question, response):
    """The right answer as the form sends it: by where the choices stand on the page."""
    key, order = question.key, response.order
    if question.kind == "order":
        return {f"number-{value}": key.index(place) + 1 for value, place in enumerate(order)}
    if question.kind == "sort":
        return {f"group-{value}": key[place] for value, place in enumerate(order)}
    return {"choice": [str(value) for value, place in enumerate(order) if place in key]}
