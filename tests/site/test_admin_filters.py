"""A list of the admin answers no question but those of its own filters, whoever asks."""

import logging

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from courseware.lib.log_lines import OneLine

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


@pytest.mark.django_db
@pytest.mark.parametrize("label", sorted(model._meta.label for model in admin.site._registry))
def test_a_list_can_be_filtered_by_its_own_filters_and_by_no_field_beside_them(label, rf):
    model_admin = admin.site.get_model_admin(apps.get_model(label))
    request = rf.get("/")
    parameters = {name for each in model_admin.list_filters(request) for name in each.expected_parameters()}
    assert parameters == FILTERS[label]
    asked = parameters | {"pk", *(f"{field.name}{end}" for field in fields_of(label) for end in ("", "__gt", "__pk"))}
    assert {path for path in asked if model_admin.lookup_allowed(path, "1", request)} == parameters


def fields_of(label):
    return apps.get_model(label)._meta.get_fields()


@pytest.mark.django_db
def test_an_editor_who_asks_for_anything_else_is_refused_as_a_bad_request(client, world):
    client.force_login(world.people["editor"])
    reports = reverse("admin:learning_lessonreport_changelist")
    number = world.enrollment.pk
    for question in (f"enrollment={number}", f"enrollment__id__gt={number}", f"pk={number}", "comment__startswith=A"):
        assert client.get(f"{reports}?{question}").status_code == 400, question
    for question in ("settled_at__isempty=1", "language=en", f"document__course__id__exact={world.course.pk}"):
        assert client.get(f"{reports}?{question}").status_code == 200, question


@pytest.mark.django_db
def test_what_is_refused_is_one_line_of_the_log(client, world, caplog, monkeypatch):
    """Also where the log was configured twice, as by loading the server in this process."""
    logger = logging.getLogger("django.security.DisallowedModelAdminLookup")
    monkeypatch.setattr(logger, "filters", [*logger.filters, OneLine()])
    client.force_login(world.people["editor"])
    client.get(reverse("admin:learning_lessonreport_changelist") + "?enrollment%0AERROR+forged=1")
    [line] = [record for record in caplog.records if record.name.startswith("django.security")]
    assert (line.levelname, line.exc_info) == ("WARNING", None)
    assert line.getMessage() == r"Filtering by enrollment\nERROR forged not allowed"


@pytest.mark.long
def test_the_links_of_every_filter_are_answered(client, world):
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
