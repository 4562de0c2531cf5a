"""Dashboard downloads: /team/dashboard.csv, /team/dashboard.xlsx."""

from django.contrib import messages
from django.http import FileResponse, Http404, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext

from courseware.accounts.security.reauthentication import requires_reauthentication
from courseware.audit_log.record import record
from courseware.content.models import Course
from courseware.learning.status.certification_status import CertificationStatus
from courseware.learning.status.states import State
from courseware.lib.text.csv_rows import csv_bytes
from courseware.lib.web.page_views import page_view
from courseware.reporting.dashboard import rows
from courseware.reporting.dashboard.filters import DueFilter, SortOrder
from courseware.reporting.dashboard.totals import DashboardCount
from courseware.reporting.exports import columns
from courseware.reporting.exports.columns import texts
from courseware.reporting.forms import DashboardFilter, job_roles_of
from courseware.reporting.views.dashboard import filters_query, teams_or_404

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def exact_count(request):
    """Return the exact `DashboardCount` of the filters in the URL. Raise `Http404` for a team the user may not see."""
    teams, now = teams_or_404(request.user), timezone.now()
    form = DashboardFilter(request.GET, teams=teams)
    chosen = form.chosen()
    if form.names_lost_team(chosen):
        raise Http404
    count = DashboardCount(request.user, teams, chosen, now, is_exact=True)
    if not count.is_sorted:
        chosen.pop("sort", None)  # file and audit log must not claim a sort order
    return count


def rows_of(count):
    sorted_rows = rows.sort_rows(count.rows, count.number, count.filters.get("sort"), count.user)
    return rows.rows_in_chunks(sorted_rows, dict(count.teams), get_language(), count.at)


def record_export(count):
    filters = count.filters
    state, team = filters.get("state"), filters.get("team")
    data = {"state": state and state.value, "team": team and team.pk, "rows": count.number}
    if "course" in filters:
        data["course"] = filters["course"].identifier
    data |= {name: filters[name].value for name in ("days", "sort") if name in filters}
    if "job_role" in filters:
        data["job_role"] = filters["job_role"]
    data |= {name: True for name in ("left", "away", "stuck") if name in filters}
    record("dashboard-exported", actor=count.user, subject="dashboard", data=data)


def file_name(count):
    return f"team-{timezone.localdate(count.at):%Y-%m-%d}"


def csv_file(lines, name):
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def xlsx_file(file, name):
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)


@page_view(reauthenticate=requires_reauthentication)
def dashboard_csv(request):
    """With `?headings=names`, the headings are the stable column names."""
    count, named = exact_count(request), request.GET.get("headings") == "names"
    record_export(count)
    return csv_file(csv_bytes(texts(rows_of(count), get_language(), named=named)), file_name(count))


@page_view(reauthenticate=requires_reauthentication)
def dashboard_xlsx(request):
    count = exact_count(request)
    if count.number > columns.ROWS_OF_A_WORKBOOK:
        message = gettext(
            "An Excel file holds up to %(most)d rows, but your list has %(number)d rows. Download the CSV "
            "file, which holds all rows."
        )
        messages.error(request, message % {"most": columns.ROWS_OF_A_WORKBOOK, "number": count.number})
        query = filters_query(count.filters)
        return redirect(f"{reverse('reporting:dashboard')}{query and f'?{query}'}")
    record_export(count)
    file = columns.dashboard_workbook(rows_of(count), facts_about(count), get_language())
    return xlsx_file(file, file_name(count))


def facts_about(count):
    """Return (label, text) pairs that explain the file: time, filters, courses, terms."""
    zone = timezone.get_default_timezone()
    at = date_format(timezone.localtime(count.at, zone), "DATETIME_FORMAT")
    return [
        (gettext("As of"), f"{at} ({zone})"),
        (gettext("Downloaded by"), count.user.name),
        (gettext("Shown"), ngettext("%(number)d row", "%(number)d rows", count.number) % {"number": count.number}),
        *((gettext("Filter"), text) for text in filters_text(count.filters)),
        *((gettext("Course"), text) for text in courses_text()),
        (gettext("Each row"), gettext("one person in one course")),
        (
            str(State.OVERDUE.label),
            gettext("the course is not completed and its due date has passed; the person is not exempt and not away"),
        ),
        (str(State.DUE_SOON.label), gettext("the course is not completed and is due within 3 days")),
        (gettext("Certified"), gettext("on the “As of” date, the person’s certificate for the course is valid")),
    ]


def filters_text(filters):
    labels = {name: field.label for name, field in DashboardFilter.base_fields.items()}
    for name, value in filters.items():
        if name == "job_role":
            value = job_roles_of(rows.outlines(get_language()))[value]
        yield f"{labels[name]}: {in_words(value)}" if value is not True else str(labels[name])


def in_words(value):
    """Return the translated text of a filter value."""
    if isinstance(value, Course):
        return rows.outlines(get_language())[value.pk].title
    return value.label if isinstance(value, (State, CertificationStatus, DueFilter, SortOrder)) else str(value)


def courses_text():
    outlines = rows.outlines(get_language())
    for course in Course.objects.exclude(current=None).select_related("current").order_by("pk"):
        released = date_format(timezone.localdate(course.current.created_at), "DATE_FORMAT")
        values = {"title": outlines[course.pk].title, "number": course.current.number, "day": released}
        yield gettext("%(title)s, course release %(number)d of %(day)s") % values
