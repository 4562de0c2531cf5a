"""Admin lists with many rows: limits, search, filters."""

import logging
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from benchmarks.growing_company import COURSES, GrowingCompany
from courseware.accounts.models import User
from courseware.assessment.models import Certificate
from courseware.audit_log.models import Event
from courseware.audit_log.record import record
from courseware.jobs.models import Task
from courseware.learning.models import Enrollment
from courseware.lib.admin import model_admins
from courseware.lib.admin.model_admins import LargeTableAdmin
from courseware.lib.text.log_format import OneLineFilter
from courseware.notifications.email.queue import queue_email
from courseware.notifications.models import OutgoingEmail
from tests.counting import statements
from tests.making import join, make_admin, make_course, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db

# Lists with few rows in any company
SHORT_LISTS = {"auth.Group", "content.Course", "content.Document", "content.Release", "jobs.Job"}


@pytest.fixture
def ada(client):
    ada = make_admin(name="Ada Admin", language="en")
    client.force_login(ada)
    return ada


def address(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def opened(client, model, **question):
    """The list and its page."""
    response = client.get(address(model), question)
    assert response.status_code == 200
    return response.context["cl"], BeautifulSoup(response.content, "html.parser")


def found(client, model, **question):
    return set(opened(client, model, **question)[0].result_list)


def test_lists_that_grow_use_large_table_admin():
    lists = {model._meta.label: isinstance(each, LargeTableAdmin) for model, each in admin.site._registry.items()}
    assert {label for label, is_long in lists.items() if not is_long} == SHORT_LISTS


@pytest.fixture
def small_limit(monkeypatch):
    monkeypatch.setattr(model_admins, "MAX_LISTED_ROWS", 5)


def people(number):
    return User.objects.bulk_create(User(email=f"x{n}@example.com", name=f"X {n}", password="!") for n in range(number))


@pytest.mark.parametrize(("others", "shown", "summary"), [(3, 4, "4 people"), (4, 5, "5 people"), (5, 5, "first 5")])
def test_list_shows_first_rows_and_says_if_more(client, ada, small_limit, others, shown, summary):
    people(others)
    listed, page = opened(client, User)
    assert len(listed.result_list) == shown
    assert summary in " ".join(page.select_one(".paginator").text.split())


def test_rows_keep_order_across_pages(client, ada, small_limit, monkeypatch):
    people(9)
    monkeypatch.setattr(type(admin.site.get_model_admin(User)), "list_per_page", 2)
    pages = [[person.name for person in opened(client, User, p=number)[0].result_list] for number in (1, 2, 3)]
    assert pages == [["Ada Admin", "X 0"], ["X 1", "X 2"], ["X 3"]]
    backwards = [person.name for person in opened(client, User, o="-1")[0].result_list]
    assert backwards == ["X 8", "X 7"]


def test_page_behind_first_rows_is_not_found(client, ada, small_limit, monkeypatch):
    people(9)
    monkeypatch.setattr(type(admin.site.get_model_admin(User)), "list_per_page", 2)
    assert len(opened(client, User, p="3")[0].result_list) == 1
    response = client.get(address(User), {"p": "4"})
    assert (response.status_code, parse_qs(urlsplit(response["Location"]).query)) == (302, {"e": ["1"]})


@pytest.mark.parametrize(("others", "is_done"), [(4, True), (5, False)])
def test_actions_are_limited_to_listed_rows(client, ada, small_limit, others, is_done):
    people(others)
    form = {"action": "deactivate", "select_across": "1", "index": "0", "_selected_action": [ada.pk]}
    page = client.post(address(User), form, follow=True).content.decode()
    assert User.objects.filter(is_active=False).count() == (others if is_done else 0)
    assert ("You selected more than 5 rows, so nothing was done" in page) is not is_done


def test_confirmation_page_carries_all_listed_rows(client, ada, monkeypatch, settings):
    """Each row is a form field, and the number of fields is limited."""
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS -= model_admins.MAX_LISTED_ROWS - 5
    monkeypatch.setattr(model_admins, "MAX_LISTED_ROWS", 5)
    course = make_course()
    for person in people(5):
        make_enrollment(person, course)
    chosen = {"action": "exempt", "select_across": "1", "index": "0", "_selected_action": ["0"]}
    asked = BeautifulSoup(client.post(address(Enrollment), chosen).content, "html.parser")
    hidden = [(each["name"], each["value"]) for each in asked.select("main form[method=post] input[type=hidden]")]
    sent = {name: [value for other, value in hidden if other == name] for name, _value in hidden}
    response = client.post(address(Enrollment), sent | {"reason": "Ill"})
    assert (response.status_code, Enrollment.objects.filter(exempted_at=None).count()) == (302, 0)


@pytest.mark.parametrize(("others", "is_offered"), [(4, True), (5, False)])
def test_all_rows_can_be_selected_only_if_shown(client, ada, small_limit, monkeypatch, others, is_offered):
    people(others)
    monkeypatch.setattr(type(admin.site.get_model_admin(User)), "list_per_page", 2)
    _listed, page = opened(client, User)
    assert bool(page.select(".actions .question")) is is_offered
    assert page.select_one(".action-counter")


def test_list_does_not_count_hidden_rows(client, ada, small_limit, django_assert_num_queries):
    people(9)
    with django_assert_num_queries(5) as ran:  # session, person, groups, keys, rows
        client.get(address(User))
    counting = [each["sql"] for each in ran.captured_queries if "COUNT" in each["sql"]]
    assert all("notifications_notification" in each for each in counting)  # unread notifications
    assert client.get(address(User), {"_facets": ""}).context["cl"].add_facets is False


@pytest.mark.slow
def test_lists_need_constant_number_of_statements(client):
    make_course()
    company, found = GrowingCompany(), []
    client.force_login(company.admin)
    lists = [address(model) for model, each in admin.site._registry.items() if isinstance(each, LargeTableAdmin)]
    for people in (1, 3, 60):
        company.grow(people * COURSES)
        found.append({path: statements(lambda path=path: client.get(path)) for path in (*lists, *lists)})
    assert found[0] == found[1] == found[2]


# Search


@pytest.mark.slow
def test_enrollments_are_found_by_words_of_person(client, ada):
    lea, lin = make_user("Lea Grün", email="lea@example.com"), make_user("Grace Lin", email="grace@example.com")
    course = make_course()
    of_lea, of_lin = make_enrollment(lea, course), make_enrollment(lin, course)
    cases = {"lea": {of_lea}, "Lin": {of_lin}, "grace lin": {of_lin}, "@example.com": {of_lea, of_lin}, "Nobody": set()}
    assert {words: found(client, Enrollment, q=words) for words in cases} == cases


def test_whole_address_finds_only_its_enrollments(client, ada):
    course = make_course()
    of_lea, of_other = (
        make_enrollment(make_user(name, email=f"{name}@example.com"), course) for name in ("lea", "or.lea")
    )
    cases = {"Lea@example.com": {of_lea}, "lea@example.co": {of_lea, of_other}}
    assert {words: found(client, Enrollment, q=words) for words in cases} == cases


def test_events_are_found_by_whole_subject_verb_or_address(client, ada):
    lea = make_user("Lea", email="lea@example.com")
    events = [
        record("looked", subject="board", actor=lea),
        record("looked", subject="board", actor=ada),
        record("exempted", subject="enrollment:71"),
        record("exempted", subject="enrollment:7"),
    ]
    cases = {
        "looked": set(events[:2]),
        "enrollment:7": {events[3]},
        "Lea@Example.com": {events[0]},
        "Lea": set(),
        "look": set(),
        "enrollment": set(),
    }
    assert {words: found(client, Event, q=words) for words in cases} == cases


def test_emails_are_found_by_any_address_of_recipient(client, ada):
    lea = make_user("Lea", email="lea@example.com")
    to_lea = queue_email("invitation", lea)
    to_her_old_address = queue_email("account-notice", lea, address="old@example.com")
    to_a_stranger = queue_email("no-account", None, address="stranger@example.com")
    cases = {
        "lea@example.com": {to_lea, to_her_old_address},
        "old@example.com": {to_her_old_address},
        "stranger@example.com": {to_a_stranger},
        "example.com": set(),
        "Lea": set(),
    }
    assert {words: found(client, OutgoingEmail, q=words) for words in cases} == cases


@pytest.mark.slow
def test_certificates_are_found_by_person_number_or_holder(client, ada):
    enrollment = make_enrollment(make_user("Lea Grün", email="lea@example.com"))
    other = make_enrollment(make_user("Ben Blau", email="ben@example.com"))
    release = enrollment.course.current
    hers, his = (
        Certificate.objects.create(enrollment=each, number=number, holder=holder, titles={}, release=release)
        for each, number, holder in ((enrollment, "a1", "Lea Rot"), (other, "b2", "Ben Blau"))
    )
    cases = {"grün": {hers}, "ben@": {his}, "a1": {hers}, "Lea Rot": {hers}, "Rot": set(), "b": {his}}
    assert {words: found(client, Certificate, q=words) for words in cases} == cases


# Filters


@pytest.fixture
def teams():
    """Lea is in two, Ben in one, and manages it; Cy is in none."""
    lea, ben, cy = (make_user(name) for name in ("Lea", "Ben", "Cy"))
    night, day = make_team("Night shift", manager=ben), make_team("Day shift", manager=ben)
    for team, person in ((night, lea), (day, lea), (day, ben)):
        join(team, person)
    return lea, ben, cy


def test_people_are_filtered_by_words_of_team(client, ada, teams):
    lea, ben, cy = teams
    cases = {"night": {lea, ben}, "DAY": {lea, ben}, "shift": {lea, ben}, "Nowhere": set(), "": {ada, lea, ben, cy}}
    assert {words: found(client, User, team=words) for words in cases} == cases
    assert len(opened(client, User, team="shift")[0].result_list) == 2
    assert found(client, User, membership="none") == {ada, cy}


def test_enrollments_are_filtered_by_team(client, ada, teams):
    lea, ben, cy = teams
    of_lea, of_ben, _of_cy = (make_enrollment(person) for person in (lea, ben, cy))
    make_team("Evening", learners=1)
    assert found(client, Enrollment, team="Night") == {of_lea, of_ben}
    assert found(client, Enrollment, team="Evening") == set()


def test_filter_form_keeps_other_parameters(client, ada, teams):
    _listed, page = opened(client, User, team="Night", q="Lea", is_staff__exact="0", o="1", p="1")
    form = page.select_one("form.words-filter")
    assert form["method"] == "get"
    sent = {field["name"]: field["value"] for field in form.select("input")}
    assert sent == {"team": "Night", "q": "Lea", "is_staff__exact": "0", "o": "1"}
    rest = parse_qs(urlsplit(form.select_one("a")["href"]).query)
    assert rest == {"q": ["Lea"], "is_staff__exact": ["0"], "o": ["1"]}
    assert not opened(client, User)[1].select("form.words-filter a")


@pytest.mark.parametrize(
    ("model", "parameter"),
    [(User, "team"), (Enrollment, "state"), (OutgoingEmail, "state__exact"), (Task, "status__exact")],
)
def test_nul_in_filter_is_refused(model, parameter, client, ada):
    response = client.get(address(model), {parameter: "a\0b"})
    assert (response.status_code, parse_qs(urlsplit(response["Location"]).query)) == (302, {"e": ["1"]})


@pytest.mark.parametrize(("term", "status"), [("a\0b", 400), ("ada", 200)])
@pytest.mark.parametrize("field", ["person", "team"])
def test_nul_in_autocomplete_is_refused(field, term, status, client, ada):
    asked = {"app_label": "accounts", "model_name": "membership", "field_name": field, "term": term}
    assert client.get(reverse("admin:autocomplete"), asked).status_code == status


# Allowed lookups

# Parameters of the filters of each list. Before adding one, check what it reveals.
FILTERS = {
    "assessment.Certificate": {"validity", "revoked_at__isempty"},
    "accounts.User": {
        "is_active__exact", "is_active__isnull", "is_staff__exact", "is_staff__isnull",
        "is_superuser__exact", "is_superuser__isnull", "groups__id__exact", "groups__isnull",
        "team", "membership", "away",
    },
    "accounts.Team": set(),
    "auth.Group": set(),
    "content.Course": set(),
    "content.Document": {"kind__exact", "kind__isnull", "state", "course__id__exact", "course__isnull"},
    "content.Release": {"course__id__exact", "course__isnull", "impact__exact", "impact__isnull"},
    "content.Revision": {
        "document__course__id__exact", "document__course__isnull", "document__kind__exact", "document__kind__isnull",
    },
    "audit_log.Event": set(),
    "audit_log.Checkpoint": set(),
    "jobs.Job": set(),
    "jobs.Task": {"status__exact", "status__isnull"},
    "notifications.OutgoingEmail": {"state__exact", "state__isnull"},
    "learning.Enrollment": {
        "state", "course__id__exact", "course__isnull", "team",
    },
    "learning.LessonReport": {
        "settled_at__isempty", "document__course__id__exact", "document__course__isnull", "language",
        "language__isnull",
    },
}  # fmt: skip


@pytest.mark.parametrize("label", sorted(model._meta.label for model in admin.site._registry))
def test_list_can_be_filtered_by_own_filters_only(label, rf):
    model_admin = admin.site.get_model_admin(apps.get_model(label))
    request = rf.get("/")
    parameters = {name for each in model_admin.list_filters(request) for name in each.expected_parameters()}
    assert parameters == FILTERS[label]
    asked = parameters | {"pk", *(f"{field.name}{end}" for field in fields_of(label) for end in ("", "__gt", "__pk"))}
    assert {path for path in asked if model_admin.lookup_allowed(path, "1", request)} == parameters


def fields_of(label):
    return apps.get_model(label)._meta.get_fields()


@pytest.mark.slow
def test_other_lookup_of_editor_is_bad_request(client, world):
    client.force_login(world.people["editor"])
    reports = reverse("admin:learning_lessonreport_changelist")
    number = world.enrollment.pk
    for question in (f"enrollment={number}", f"enrollment__id__gt={number}", f"pk={number}", "comment__startswith=A"):
        assert client.get(f"{reports}?{question}").status_code == 400, question
    for question in ("settled_at__isempty=1", "language=en", f"document__course__id__exact={world.course.pk}"):
        assert client.get(f"{reports}?{question}").status_code == 200, question


def test_refused_lookup_is_logged_in_one_line(client, world, caplog, monkeypatch):
    """Also if logging was configured twice, as by loading the server."""
    logger = logging.getLogger("django.security.DisallowedModelAdminLookup")
    monkeypatch.setattr(logger, "filters", [*logger.filters, OneLineFilter()])
    client.force_login(world.people["editor"])
    client.get(reverse("admin:learning_lessonreport_changelist") + "?enrollment%0AERROR+forged=1")
    [line] = [record for record in caplog.records if record.name.startswith("django.security")]
    assert (line.levelname, line.exc_info) == ("WARNING", None)
    assert line.getMessage() == r"Filtering by enrollment\nERROR forged not allowed"


@pytest.mark.slow
def test_filter_links_work(client, world):
    """Every link of each kind of filter, and the last one of each further filter of that kind."""
    client.force_login(world.people["admin"])
    followed, kinds = set(), set()
    for model in admin.site._registry:
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        page = client.get(url).context["cl"]
        for each in page.filter_specs:
            links = [choice["query_string"] for choice in each.choices(page) if "query_string" in choice]
            for link in links if type(each) not in kinds else links[-1:]:
                assert client.get(url + link).status_code == 200, url + link
            kinds.add(type(each))
            followed.add(model._meta.label)
    assert followed == {label for label, parameters in FILTERS.items() if parameters}
