"""Page and downloads of the period report and audit pack, and the monthly email: /team/reports/."""

from typing import NamedTuple

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext, pgettext

from courseware.accounts.permissions.permissions import sees_reports
from courseware.accounts.security.reauthentication import requires_reauthentication
from courseware.audit_log.record import record
from courseware.learning.record_access_log import record_access_of_auditor
from courseware.lib.dates import site_day
from courseware.lib.text.csv_rows import csv_bytes
from courseware.lib.web.page_views import form_view, page_view
from courseware.reporting.dashboard import rows
from courseware.reporting.dashboard.totals import DashboardCount
from courseware.reporting.emails.monthly_report import is_subscribed, subscribe, unsubscribe
from courseware.reporting.exports.audit_pack import PackContents, audit_pack, queue_missing_pdfs
from courseware.reporting.exports.columns import texts, workbook
from courseware.reporting.forms import PeriodFilter
from courseware.reporting.statistics.period_report import (
    REPORT_COLUMNS,
    Period,
    enrollments_reported,
    latest_months,
    latest_quarters,
    period_report,
)
from courseware.reporting.views.dashboard import filters_query, teams_or_404
from courseware.reporting.views.dashboard_files import csv_file, xlsx_file
from courseware.reporting.views.dashboard_files import facts_about as facts_about_board

TEAMS_A_PAGE = 100


class AskedPeriod(NamedTuple):
    """Period and filters of the URL. `period` is None if a date is invalid."""

    form: PeriodFilter
    filters: dict
    period: Period | None

    @property
    def query(self):
        days = {"first": self.period.first.isoformat(), "last": self.period.last.isoformat()} if self.period else {}
        return filters_query(days | self.filters)


def asked_period(request):
    """Read the period and filters of the URL; the default is the previous quarter."""
    data, [_this, before, *_earlier] = request.GET.copy(), latest_quarters(site_day())
    data.setdefault("first", before.first.isoformat())
    data.setdefault("last", before.last.isoformat())
    form = PeriodFilter(data, teams=teams_or_404(request.user))
    filters = form.chosen()
    days = [form.cleaned_data.get(name) for name in ("first", "last")]
    if form.errors:
        return AskedPeriod(form, filters, None)
    data["first"], data["last"] = (day.isoformat() for day in days)  # date inputs accept no months
    return AskedPeriod(form, filters, Period(*days))


@page_view()
def page(request):
    asked, language = asked_period(request), get_language()
    record_access_of_auditor("report", by=request.user)
    asked.form.show_courses([(outline.course_id, outline.title) for outline in rows.outlines(language).values()])
    report = asked.period and period_report(request.user, asked.period, language=language, **asked.filters)
    context = {
        "form": asked.form,
        "team": asked.filters.get("team"),
        "report": report,
        "page": report and Paginator(report.teams, TEAMS_A_PAGE).get_page(request.GET.get("page")),
        "query": asked.query,
        "quarters": choices(latest_quarters(site_day()), in_quarters, asked),
        "months": choices(latest_months(site_day()), in_months, asked),
    }
    return render(request, "reporting/period.html", context, status=422 if asked.form.errors else 200)


def choices(periods, to_text, asked):
    """Return (text, URL query, whether it is the period of `asked`) of each Period. `to_text`: function of a Period."""
    return [(to_text(each), asked._replace(period=each).query, each == asked.period) for each in periods]


def in_quarters(period):
    number = {"quarter": (period.first.month + 2) // 3, "year": period.first.year}
    return pgettext("quarter of a year", "Q%(quarter)d %(year)d") % number


def in_months(period):
    return date_format(period.first, "YEAR_MONTH_FORMAT")


@page_view(reauthenticate=requires_reauthentication)
def report_file(request, kind):
    """Download the report; `kind`: "csv" or "xlsx". Redirects to the page if a date is invalid."""
    asked = asked_period(request)
    if asked.period is None:
        return back_to_page(request)
    lines = period_report(request.user, asked.period, language=get_language(), **asked.filters).lines
    record("report-exported", actor=request.user, subject="report", data=data_of(asked))
    name = f"report-{days_in_name(asked.period)}"
    if kind == "csv":
        named = request.GET.get("headings") == "names"
        return csv_file(csv_bytes(texts(lines, get_language(), named=named, columns=REPORT_COLUMNS)), name)
    worksheet = pgettext("worksheet", "Report")
    return xlsx_file(workbook(worksheet, REPORT_COLUMNS, lines, facts_about(request.user, asked), get_language()), name)


def back_to_page(request):
    return redirect(f"{reverse('reporting:period')}?{request.GET.urlencode()}")


def days_in_name(period):
    return f"{period.first:%Y-%m-%d}-{period.last:%Y-%m-%d}"


def data_of(asked):
    """Return the data for the audit log: period and filters, by name."""
    team, course = asked.filters.get("team"), asked.filters.get("course")
    chosen = {"team": team and team.pk, "course": course and course.identifier, "left": asked.filters.get("left")}
    days = {"first": asked.period.first, "last": asked.period.last}
    return days | {name: value for name, value in chosen.items() if value}


def facts_about(user, asked):
    """Return (label, text) pairs that explain the file. `asked`: the `AskedPeriod`."""
    at = date_format(timezone.localtime(timezone=timezone.get_default_timezone()), "DATETIME_FORMAT")
    days = f"{asked.period.first:%Y-%m-%d} – {asked.period.last:%Y-%m-%d}"
    return [
        (gettext("As of"), f"{at} ({timezone.get_default_timezone()})"),
        (gettext("Downloaded by"), user.name),
        (gettext("Period"), days),
        *((gettext("Team"), each.name) for each in [asked.filters.get("team")] if each),
        (gettext("Each row"), gettext("the people of one team in one course; each person is counted in 1 team only")),
        (gettext("People certified at the end of the period"), date_format(asked.period.certified_on, "DATE_FORMAT")),
        (
            gettext("Training time (minutes)"),
            gettext(
                "the total minutes of all steps completed in the period, calculated from the current "
                "minutes of each step"
            ),
        ),
    ]


@page_view(reauthenticate=requires_reauthentication)
def pack(request):
    """Download an audit pack. Its checksum goes into the audit log."""
    asked = asked_period(request)
    if asked.period is None:
        return back_to_page(request)
    contents = contents_of(request.user, asked, get_language())
    if later := queue_missing_pdfs(contents, get_language()):
        message = ngettext(
            "The PDF of %(number)s certificate is being created for the first time. Download the audit pack "
            "again in a few minutes.",
            "The PDFs of %(number)s certificates are being created for the first time. Download the audit pack "
            "again in a few minutes.",
            later,
        )
        messages.info(request, message % {"number": later})
        return back_to_page(request)
    found = audit_pack(contents, get_language())
    data = data_of(asked) | {"rows": contents.count.number, "sha256": found.digest}
    record("audit-pack-created", actor=request.user, subject="report", data=data)
    name = f"audit-{days_in_name(asked.period)}.zip"
    return FileResponse(found.file, as_attachment=True, filename=name, content_type="application/zip")


def contents_of(user, asked, language):
    teams = rows.teams_shown_to(user).values_list("pk", "name")
    count = DashboardCount(user, teams, asked.filters, timezone.now(), is_exact=True)
    return PackContents(
        count=count,
        runs=enrollments_reported(user, **asked.filters),
        report=period_report(user, asked.period, language=language, **asked.filters),
        facts=facts_about_board(count),
    )


@form_view("reporting:monthly-report", allowed=sees_reports)
def monthly(request):
    if request.method == "POST":
        unsubscribes = "stop" in request.POST
        (unsubscribe if unsubscribes else subscribe)(request.user)
        message = (
            gettext("You no longer get the monthly report by email.")
            if unsubscribes
            else gettext("You now get the monthly report by email.")
        )
        messages.success(request, message)
        return redirect("reporting:monthly-report")
    return render(request, "reporting/monthly.html", {"is_wanted": is_subscribed(request.user)})
