"""Every route × every role, compared with access.txt, and rules for every page.

Routes come from the resolver, so a new page without a row fails here. Objects in URLs are the learner's.
Each page is opened once and checked by the rules of all test files in this folder.
"""

import hashlib
import re
import uuid
from contextlib import contextmanager
from copy import deepcopy
from itertools import product
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from courseware.audit_log.models import Event
from courseware.content.models import Document
from courseware.content.rendering import store
from courseware.learning.due_dates.extensions import ask_manager
from courseware.learning.lessons.question_rendering import drawn_with
from courseware.learning.manager_actions import FOR_MANY, ON_PERSON_PAGE
from courseware.learning.models import SavedPhrase
from courseware.lib.dates import site_day
from tests.making import PASSWORD, filled
from tests.site.routes import beginnings, fill_in, routes
from tests.site.test_pages import TAGS, foreign_pieces, gaps, page_of
from tests.site.test_request_logging import MARK, private_lines
from tests.site.test_security_headers import unguarded
from tests.site.test_version import COMMIT, version_leaks
from tests.world import ROLES

TABLE = Path(__file__).with_name("access.txt")
ALL_ROUTES = dict.fromkeys(route for route, _pattern in routes())
# Events that a GET may add
VIEW_EVENTS = {
    "record-viewed",
    "dashboard-exported",
    "dashboard-viewed",
    "audit-log-viewed",
    "report-viewed",
    "report-exported",
    "audit-pack-created",
}
SESSION_TABLES = {"django_session", settings.CACHES["default"]["LOCATION"]}  # a refused request may write these
UNCOMPARED_TABLES = SESSION_TABLES | {"audit_log_event", "audit_log_hashchain"}
NEW_PASSWORD = "another-password-for-tests"
REFUSED = {"405", "404", "403", "login"}
READERS = ("anonymous", "learner", "manager", "editor", "admin")  # open every page between them
SEES_VERSION = ("editor", "leading editor", "admin")
SITE_NAMES = {"en": "Staff training", "zh-hans": "员工培训"}
COURSE_PATHS = ("learn/", "emergency-card/", "exam/", "attempts/", "simulations/", "simulation-attempts/")

pytestmark = pytest.mark.django_db


def read_table() -> dict[tuple[str, str], tuple[str, ...]]:
    """(method, route) → what each of ROLES gets. A row for "*" as method is one for GET and POST alike.

    A row with `<action>` is one for each manager action on the page of a person.
    """
    rows = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            method, route, *answers = line.split()
            assert len(answers) == len(ROLES), f"access.txt: expected {len(ROLES)} answers: {line}"
            for each, found in product(("GET", "POST") if method == "*" else (method,), with_actions(route)):
                assert (each, found) not in rows, f"access.txt: {each} {found} is there twice"
                rows[each, found] = tuple(answers)
    return rows


def with_actions(route):
    found = dict.fromkeys(route.replace("<action>", action.address) for action in ON_PERSON_PAGE)
    return [each for each in found if each == route or each.removeprefix("/") in ALL_ROUTES]


def row(method, route, answers):
    return f"{method:<5} {'/' + route:<62} {' '.join(f'{answer:<9}' for answer in answers)}".rstrip()


def client_of(world, role):
    client = Client(raise_request_exception=False)
    if role != "anonymous":
        client.force_login(world.people[role])
    return client


def answer_to(response) -> str:
    """The status, or "login" for a redirect to sign-in."""
    if response.status_code == 302 and "/login/?next=" in response["Location"]:
        return "login"
    return str(response.status_code)


def revision_of(lesson):
    return Document.objects.get(identifier=lesson).entries.latest("pk").revision_id


def forms(world):
    """Fields that a page would send: route → fields. All other forms are sent empty."""
    lesson = "learn/<id:course>/<id:step>/"
    return {
        f"{lesson}answer/<id:question>/": {
            "token": uuid.UUID(int=1),
            "tries": 0,
            "revision": revision_of(world.lesson.id),
            "drawn_with": drawn_with(),
            "choice": 0,
        },
        f"{lesson}answer/<id:open_question>/unsaved/": {"token": uuid.UUID(int=3), "text": f"Nearly. {MARK}"},
        "admin/content/document/<int:object_id>/change/unsaved/": {
            "base": Document.objects.get(identifier=world.lesson.id).latest_revision_id
        },
        f"{lesson}acknowledge/": {"release": world.course.current_id},
        f"{lesson}report/": {"token": uuid.UUID(int=2), "comment": f"A typo. {MARK}"},
        f"{lesson}phrases/": {"phrase": SavedPhrase.objects.get().phrase, "keep": "1"},
        "phrases/": {"phrase": SavedPhrase.objects.get().pk},
        "learn/<id:course>/job-role/": {"job_role": next(iter(world.outline.tracks))},
        "learn/<id:course>/<id:step>/job-role/": {"job_role": next(iter(world.outline.tracks))},
        "learn/<id:course>/extension/": {"due_on": "2030-01-31"},
        "learn/<id:course>/ask/": {"text": f"May I call back? {MARK}"},
        "team/people/<int:pk>/question/": {"question": ask_manager(world.enrollment, "May I call back?").pk},
        "attempts/<int:pk>/<int:position>/": {"choice": 0, "saves": 0},
        "daily/answer/": {"question": "none", "number": 1, "revision": 1, "token": uuid.UUID(int=5), "choice": 0},
        "daily/preferences/": {"during_course": "on"},
        "simulation-attempts/<int:pk>/decide/": {"position": 1, "choice": 0},
        **{f"team/people/<int:pk>/{verb.address}/": filled(verb.form) for verb in ON_PERSON_PAGE},
        "api/": {"name": "Pivot", "ends_on": site_day()},
        "people/<int:pk>/edit/": {"name": "Lea Learner", "email": world.learner.email, "job_role": "phone"},
        "team/deputies/": {
            "person": world.people["other learner"].email,
            "first_day": "2098-01-01",
            "last_day": "2099-01-01",
        },
        "rules/<int:pk>/rollback/": {"act": "all"},
        "rules/<int:pk>/edit/": {"name": "Leads", "role": "manager", "due": "quarter", "acts_since": "2026-11-30"},
        "people/certificates/<int:pk>/revoke/": {"reason": "Somebody else sat the exam"},
        "email-settings/": {"kind": "digest", "stop": ""},
        "people/<int:pk>/merge/": {"other": world.people["other learner"].email},
        "people/external-training/": {"lines": "e-mail,course,trained on,proof\nnobody@example.com,x,2026-01-05,Seen"},
        "people/external-training/<int:training>/undo/": {"reason": "Another person of that name"},
        "people/<int:pk>/external-training/": {"course": world.course.pk, "trained_on": "2026-01-05", "proof": "Seen"},
        "people/teams/new/": {"name": "Early shift"},
        "people/teams/<int:pk>/": {"name": "Night shift"},
        "people/chat-bots/new/": chat_bot_form(world),
        "people/chat-bots/<int:pk>/": chat_bot_form(world),
        "people/teams/<int:pk>/managers/": {"person": world.people["other learner"].email},
        "people/teams/<int:pk>/close/": {"to": world.team.parent_id},
        "people/<int:pk>/memberships/": {"team": world.team.pk, "role": "learner"},
        "people/<int:pk>/absences/": {"first_day": site_day(), "last_day": site_day()},
        "people/<int:pk>/absences/<int:absence>/": {"is-back": "1"},
        "people/calendar/": {"lines": "2026-12-24, free"},
        **{f"people/actions/{each.address}/": {"row": world.enrollment.pk, **filled(each.form)} for each in FOR_MANY},
        "branding/": {"base": 0, "name_en": "Anhe"},
        "branding/<id:course>/": {"base": 0, "name_en": "Anhe"},
        "people/emails/wording/<slug:kind>/": {"base": 0, "subject_en": "Hi {name}", "subject_zh_hans": "{name}你好"},
        "people/actions/remind/": {"row": world.enrollment.pk},
        "team/views/": {"name": "Late", "query": "state=overdue"},
        "people/actions/note/": {"row": world.enrollment.pk, "text": f"Well done {MARK}", "act": uuid.UUID(int=4)},
        "team/follow-ups/<int:pk>/<id:survey_id>/": {"cannot-say": "1"},
        "team/today/": {"talk": world.enrollment.pk},
        "team/today/undo/": {"reminding": world.places["people/reminders/<pk>"]},
        "accounts/language/": {"language": "en"},
        "accounts/login/": {"login": world.learner.email, "password": PASSWORD},
        "accounts/password/reset/": {"email": world.learner.email},
        "accounts/password/change/": {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    }


def chat_bot_form(world):
    address = "https://hooks.slack.com/services/T0/B0/another"
    return {"team": world.team.pk, "service": "slack", "language": "en", "new_address": address}


def get(client, world, route):
    return client.get(fill_in(route, world.places))


class Sender:
    """Opens pages and sends their forms, each with the cookies of a fresh session."""

    def __init__(self, world, role):
        self.world, self.client, self.forms = world, client_of(world, role), forms(world)
        self.cookies = deepcopy(self.client.cookies)

    def post(self, route, extra=()):
        self.client.cookies = deepcopy(self.cookies)
        address = f"{fill_in(route, self.world.places)}?_facets={MARK}"
        return self.client.post(address, dict(extra) | self.forms.get(route, {}))

    def get(self, route):
        self.client.cookies = deepcopy(self.cookies)
        return get(self.client, self.world, route)

    def roll_back_after(self, send, route):
        """The response of `get` or `post`, rolled back."""
        with transaction.atomic():
            response = send(route)
            transaction.set_rollback(True)
        return response


def differences(method, role, found, table):
    """Lines that say which row to write."""
    place = ROLES.index(role)
    return [
        f"{method} /{route}: {role} got {answer}, access.txt says {table[method, '/' + route][place]}"
        for route, answer in found.items()
        if table[method, "/" + route][place] != answer
    ]


def test_every_route_has_a_row():
    table = read_table()
    lacking = [row("GET", route, ["?"] * len(ROLES)) for route in ALL_ROUTES if ("GET", "/" + route) not in table]
    assert not lacking, "add to tests/site/access.txt, with what each role shall get:\n" + "\n".join(lacking)
    gone = [f"{method} {route}" for method, route in table if route.removeprefix("/") not in ALL_ROUTES]
    assert not gone, f"take out of tests/site/access.txt: {gone}"


ONLY_SQLITE = [pytest.mark.slow, pytest.mark.any_database]
IN_DEEP = [*ONLY_SQLITE, pytest.mark.deep]
SIMILAR_ROLES = ("other learner", "other manager", "leading editor")  # roles that open the same pages as another role
MARKS = dict.fromkeys(ROLES, pytest.mark.slow) | dict.fromkeys(READERS, ()) | dict.fromkeys(SIMILAR_ROLES, IN_DEEP)
EVERY_ROLE = [pytest.param(role, id=role, marks=marks) for role, marks in MARKS.items()]
WALKS = [pytest.param(*each.values, "en", id=each.id, marks=each.marks) for each in EVERY_ROLE]
WALKS += [pytest.param(role, "zh-hans", id=f"{role} in Chinese", marks=ONLY_SQLITE) for role in READERS]


@pytest.mark.parametrize(("role", "language"), WALKS)
def test_every_page_follows_the_rules(role, language, world, log, settings):
    settings.COMMIT = COMMIT
    client, table, titles = client_of(world, role), read_table(), {}
    before, last = digests(), Event.objects.latest("pk").pk
    faults, refusals_seen = [], set()
    asked = opened(role, language, table)
    for route in asked:
        with writing_statements() as written:
            response = open_page(client, fill_in(route, world.places), language)
        found = faults_of_answer(response, role, route, table)
        if answer_to(response) in REFUSED:
            found += [f"it wrote {sql}" for sql in beside(SESSION_TABLES, written)]
        if role in READERS and (soup := page_to_read(response, refusals_seen)):
            found += faults_of_page(soup, route, role, language, world)
            if response.status_code == 200 and route.startswith(COURSE_PATHS) and not soup.select_one(".brand"):
                found.append("it does not name the course")
        if role == "learner" and soup and not route.startswith("admin/"):
            titles.setdefault(soup.title.get_text().strip(), set()).add(soup.h1.get_text(" ", strip=True))
        faults += [f"GET /{route} as {role}: {fault}" for fault in found]
    faults += [f"one title for {headings}: {title}" for title, headings in titles.items() if len(headings) > 1]
    faults += [f"{name} was changed" for name, digest in digests().items() if digest != before[name]]
    verbs = Event.objects.filter(pk__gt=last).values_list("verb", flat=True)
    faults += [f"an event {verb} was recorded" for verb in {*verbs} - VIEW_EVENTS]
    faults += private_lines(log(), world)
    assert not faults, "\n".join(faults)
    assert len(log()) >= len(asked)


def opened(role, language, table):
    """In English all routes; in Chinese only those that the role may open."""
    place = ROLES.index(role)
    return [route for route in ALL_ROUTES if language == "en" or table["GET", "/" + route][place] == "200"]


def open_page(client, address, language):
    """GET with MARK in query, user agent and referer, which must not reach the log."""
    headers = {"accept-language": language, "user-agent": MARK, "referer": f"http://testserver/{MARK}"}
    query = "" if address == "/certificates/" else f"?_facets={MARK}"  # any query there looks for a number
    return client.get(address + query, headers=headers)


def page_to_read(response, refusals_seen):
    """The parsed page; None for a refusal whose status was seen before, as its page is the same for each address."""
    answer = answer_to(response)
    if answer in refusals_seen:
        return None
    refusals_seen |= {answer} & REFUSED
    return page_of(response)


def faults_of_answer(response, role, route, table):
    expected, answer = table["GET", "/" + route][ROLES.index(role)], answer_to(response)
    faults = [] if answer == expected else [f"got {answer}, access.txt says {expected}"]
    if not route.startswith(("media/", "branding/colours/", "branding/logo/")):
        faults += unguarded(response)
        faults += [] if "no-store" in response["Cache-Control"] else ["it may be kept"]
    if role not in SEES_VERSION:
        faults += version_leaks(response)
    return faults


def faults_of_page(soup, route, role, language, world):
    # The forms of administrators name the languages of their fields.
    foreign = () if role == "admin" else foreign_pieces(soup)
    faults = [f"not marked as {language}: {piece}" for piece in foreign]
    if soup.html["lang"] not in (TAGS[language], language):
        faults.append(f"its language is {soup.html['lang']}")
    if language == "zh-hans":
        faults += [f"a gap between signs: {text}" for text in gaps(soup)]
    if not soup.title.get_text(strip=True):
        faults.append("it has no title")
    if not route.startswith("admin/") and len(soup.find_all("h1")) != 1:
        faults.append("not one heading")
    is_of_course = route.startswith(COURSE_PATHS)
    brand = store.outline(world.course.current, language).title if is_of_course else SITE_NAMES[language]
    if (shown := soup.select_one(".brand")) and shown.text.strip() != brand:
        faults.append(f"above it stands {shown.text.strip()}, not {brand}")
    return faults


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_each_role_gets_listed_response_to_post(role, world, log, request):
    if role not in READERS:
        request.getfixturevalue("unrendered")
    table, sender = read_table(), Sender(world, role)
    found, wrote = {}, {}
    for route in ALL_ROUTES:
        with writing_statements() as written:
            found[route] = answer_to(sender.roll_back_after(sender.post, route))
        if found[route] in REFUSED and (statements := beside(SESSION_TABLES, written)):
            wrote[route] = statements
    listed = {route: answer for route, answer in found.items() if ("POST", "/" + route) in table}
    assert differences("POST", role, listed, table) == []
    unlisted = {route: answer for route, answer in found.items() if route not in listed and answer not in REFUSED}
    assert not unlisted, f"add rows for POST to tests/site/access.txt, {role} got: {unlisted}"
    assert wrote == {}
    assert list(private_lines(log(), world)) == []
    assert len(log()) >= len(ALL_ROUTES)


@pytest.mark.parametrize("role", ["anonymous", "learner", "admin"])
def test_log_contains_no_form_input(role, world, log, unrendered):
    names = ("login", "password", "email", "name", "choice", "text", "comment", "code", "person", "search", "q")
    typed = dict.fromkeys(names, MARK)
    sender, place = Sender(world, role), ROLES.index(role)
    sender.forms = {}
    posted = [(route, answers[place]) for (method, route), answers in read_table().items() if method == "POST"]
    taken = [route.removeprefix("/") for route, answer in posted if answer not in REFUSED]
    for route in taken:
        sender.roll_back_after(lambda route: sender.post(route, typed), route)
    for page in ("/search/", "/people/", "/audit-log/", "/admin/accounts/user/"):
        sender.client.get(page, typed)
    sender.post("accounts/login/", {"login": world.learner.email, "password": MARK})
    assert list(private_lines(log(), world)) == []
    assert len(log()) >= len(taken) > 10


def test_view_permission_agrees_with_table(world):
    table, declared = read_table(), 0
    for route, pattern in routes():
        if allowed := getattr(pattern.callback, "allowed", None):
            declared += 1
            refused = [role for role in ROLES if role != "anonymous" and not allowed(world.people[role])]
            for method in ("GET", "POST"):
                answers = table.get((method, "/" + route), ("404",) * len(ROLES))
                assert {answers[ROLES.index(role)] for role in refused} <= {"404", "405"}, (method, route)
    assert declared > 40


def test_rights_of_two_roles_add_up():
    """Checked in the table; the tests above compare the site with the table."""
    refusals = {"login": 0, "404": 1, "403": 2, "405": 3}  # from least to most access
    for address, answers in read_table().items():
        manager, editor, both = (answers[ROLES.index(role)] for role in ("other manager", "editor", "leading editor"))
        assert both == max(editor, manager, key=lambda answer: refusals.get(answer, 4)), address


# Database -----------------------------------------------------------------------------------------------------------


def rows_of(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def tables():
    return [table for table in connection.introspection.table_names() if table not in UNCOMPARED_TABLES]


def digests():
    """Table → checksum of its rows in any order."""
    return {
        table: hashlib.sha256("\n".join(sorted(map(repr, rows_of(table)))).encode()).hexdigest() for table in tables()
    }


def test_nul_in_url_is_no_server_error(world):
    """PostgreSQL refuses NUL in strings."""
    client, failed = client_of(world, "admin"), {}
    for route in ALL_ROUTES:
        for place in beginnings(route):
            address = fill_in(route, world.places | {place: "%00"})
            with transaction.atomic():
                if (status := client.get(address).status_code) >= 500:
                    failed[address] = status
    assert failed == {}


# Fields that no form has and that would raise rights or results
PROTECTED = {
    "points": 100, "max_points": 100, "pass_mark": 1, "is_passed": "true", "is_right": "true", "outcome": "passed",
    "due_at": "2099-01-01T00:00", "completed_at": "2020-01-01T00:00", "exempted_at": "2020-01-01T00:00",
    "started_at": "2020-01-01T00:00", "submitted_at": "2020-01-01T00:00", "closes_at": "2099-01-01T00:00",
    "issued_at": "2020-01-01T00:00", "valid_until": "2099-01-01", "holder": "Somebody Else",
    "is_staff": "on", "is_superuser": "on", "audits_until": "2099-12-30",
    "is_active": "", "role": "manager", "groups": "1",
    "learner": "other", "learner_id": "other", "person_id": "other", "actor_id": "other", "user": "other",
    "enrollment": "other", "enrollment_id": "other", "team_id": "other", "document_id": "other",
    "settled_at": "2020-01-01T00:00",
}  # fmt: skip


def protected_columns():
    """Table → those of its columns that no form may set."""
    found = {}
    for table in tables():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)} LIMIT 0")
            found[table] = sorted(PROTECTED.keys() & {column[0] for column in cursor.description})
    return {table: columns for table, columns in found.items() if columns}


def protected_values(columns):
    """Of `protected_columns`: table → for each column its sorted values."""
    found = {}
    for table, names in columns.items():
        with connection.cursor() as cursor:
            column_list = ", ".join(map(connection.ops.quote_name, names))
            cursor.execute(f"SELECT {column_list} FROM {connection.ops.quote_name(table)}")
            found[table] = [sorted(map(repr, values)) for values in zip(*cursor.fetchall(), strict=True)]
    return found


SENDERS = ("learner", "manager", "editor", "HR")


def test_senders_may_post_every_form_except_admin_forms():
    table = read_table()
    sent = {route for role in SENDERS for route in sent_by(role, table)}
    for role in {*ROLES} - {"admin"}:
        assert {*sent_by(role, table)} <= sent, role


@pytest.mark.slow
@pytest.mark.parametrize("role", SENDERS)
def test_unknown_fields_change_no_protected_column(role, world, unrendered):
    other, table = world.people["other learner"], read_table()
    extra = {name: other.pk if value == "other" else value for name, value in PROTECTED.items()}
    with time_machine.travel(timezone.now(), tick=False):
        sender, columns = Sender(world, role), protected_columns()
        before = protected_values(columns)

        def done_by(route, extra):
            """Protected values after the form was sent; the change is rolled back."""
            with transaction.atomic(), writing_statements() as written:
                sender.post(route, extra)
                values = protected_values(columns) if written else before
                transaction.set_rollback(True)
            return values

        raised = []
        for route in sent_by(role, table):
            values = done_by(route, extra)
            if values != before and values != done_by(route, {}):
                raised.append(route)
    assert raised == []


def sent_by(role, table):
    place = ROLES.index(role)
    return [
        route for route in ALL_ROUTES if table.get(("POST", "/" + route), ("405",) * len(ROLES))[place] not in REFUSED
    ]


WRITES_TO = re.compile(r'(?:INSERT\b.*?\bINTO|UPDATE|DELETE FROM) "?(\w+)')


@contextmanager
def writing_statements():
    """The writing statements that run meanwhile. Without any, tables need not be compared."""
    written = []

    def note(execute, sql, *rest):
        if not sql.lstrip("( ").startswith(("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            written.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        yield written


def beside(tables, written):
    """Statements that write to other tables."""
    found = [(sql, WRITES_TO.match(sql)) for sql in written]
    return [sql for sql, match in found if match is None or match[1] not in tables]
