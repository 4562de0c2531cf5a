"""A list of the admin answers no question but those of its own filters, whoever asks."""

import logging

import pytest
from bs4 import BeautifulSoup
from django.contrib import admin
from django.urls import reverse

from courseware.lib.log_lines import OneLine
from tests.world import make_world

LOOKUPS = (
    "exact",
    "iexact",
    "in",
    "gt",
    "lt",
    "gte",
    "lte",
    "startswith",
    "icontains",
    "regex",
    "isnull",
    "isempty",
    "year",
)

# The parameters of the filters that stand beside each list. Whoever adds a filter here asks first what it gives away.
FILTERS = {
    "assessment.Certificate": {"validity", "withdrawn_at__isempty"},
    "accounts.User": {
        "is_active__exact", "is_active__isnull", "is_staff__exact", "is_staff__isnull",
        "is_superuser__exact", "is_superuser__isnull", "groups__id__exact", "groups__isnull",
        "team", "membership", "away",
    },
    "accounts.Team": set(),
    "auth.Group": set(),
    "content.Course": set(),
    "content.Document": {"kind__exact", "kind__isnull", "state", "course__id__exact", "course__isnull"},
    "content.Release": {"course__id__exact", "course__isnull", "weight__exact", "weight__isnull"},
    "content.Revision": {
        "document__course__id__exact", "document__course__isnull", "document__kind__exact", "document__kind__isnull",
    },
    "evidence.Event": set(),
    "evidence.Seal": set(),
    "jobs.Job": set(),
    "jobs.Task": {"status__exact", "status__isnull"},
    "outbox.Message": {"state__exact", "state__isnull"},
    "learning.Enrollment": {
        "state", "course__id__exact", "course__isnull", "team",
    },
    "learning.LessonReport": {
        "settled_at__isempty", "document__course__id__exact", "document__course__isnull", "language",
        "language__isnull",
    },
}  # fmt: skip


def paths(model, depth=3):
    """Every field of the row and of what it points to or is pointed at by, so many steps far, with each lookup."""
    for field in model._meta.get_fields():
        names = {field.name, getattr(field, "attname", field.name)}
        names |= {"pk"} if getattr(field, "primary_key", False) else set()
        for name in names:
            yield name
            yield from (f"{name}__{lookup}" for lookup in LOOKUPS)
        if field.is_relation and field.related_model and depth > 1:
            yield from (f"{field.name}__{further}" for further in paths(field.related_model, depth - 1))


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.parametrize("label", sorted(model._meta.label for model in admin.site._registry))
def test_a_list_can_be_filtered_by_its_own_filters_and_by_no_field_beside_them(label, rf):
    model_admin = next(each for model, each in admin.site._registry.items() if model._meta.label == label)
    request = rf.get("/")
    asked = set(paths(model_admin.model)) | FILTERS[label]
    assert {path for path in asked if model_admin.lookup_allowed(path, "1", request)} == FILTERS[label]


@pytest.mark.django_db
def test_an_editor_who_asks_for_anything_else_is_refused_as_a_bad_request(client):
    world = make_world()
    client.force_login(world.people["editor"])
    reports = reverse("admin:learning_lessonreport_changelist")
    number = world.enrollment.pk
    for question in (f"enrollment={number}", f"enrollment__id__gt={number}", f"pk={number}", "comment__startswith=A"):
        assert client.get(f"{reports}?{question}").status_code == 400, question
    for question in ("settled_at__isempty=1", "language=en", f"document__course__id__exact={world.course.pk}"):
        assert client.get(f"{reports}?{question}").status_code == 200, question


@pytest.mark.django_db
def test_what_is_refused_is_one_line_of_the_log(client, caplog, monkeypatch):
    """Also where the log was configured twice, as by loading the server in this process."""
    logger = logging.getLogger("django.security.DisallowedModelAdminLookup")
    monkeypatch.setattr(logger, "filters", [*logger.filters, OneLine()])
    client.force_login(make_world().people["editor"])
    client.get(reverse("admin:learning_lessonreport_changelist") + "?enrollment%0AERROR+forged=1")
    [line] = [record for record in caplog.records if record.name.startswith("django.security")]
    assert (line.levelname, line.exc_info) == ("WARNING", None)
    assert line.getMessage() == r"Filtering by enrollment\nERROR forged not allowed"


@pytest.mark.long
@pytest.mark.django_db
def test_every_link_of_every_filter_is_answered(client):
    world = make_world()
    client.force_login(world.people["admin"])
    followed = set()
    for model in admin.site._registry:
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        page = BeautifulSoup(client.get(url).content, "html.parser")
        for link in page.select("#changelist-filter li a"):
            assert client.get(url + link["href"]).status_code == 200, url + link["href"]
            followed.add(model._meta.label)
    assert followed == {label for label, parameters in FILTERS.items() if parameters}
