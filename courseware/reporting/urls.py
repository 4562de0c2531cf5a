"""URLs of the dashboard, reports, statistics, course preview, API and audit log."""

from django.urls import path

from courseware.learning.manager_actions import ON_PERSON_PAGE
from courseware.reporting.api.endpoints import api
from courseware.reporting.views import (
    api_keys,
    audit_log,
    course_preview,
    dashboard,
    dashboard_files,
    period_report,
    person,
    statistics,
    today,
)

app_name = "reporting"
urlpatterns = [
    path("start/", dashboard.start, name="start"),
    # /team/
    path("team/", dashboard.dashboard, name="dashboard"),
    path("team/dashboard.csv", dashboard_files.dashboard_csv, name="dashboard-csv"),
    path("team/dashboard.xlsx", dashboard_files.dashboard_xlsx, name="dashboard-xlsx"),
    path("team/teams/", dashboard.subteam_page, name="subteams"),
    # /team/views/<pk>/
    path("team/views/", dashboard.save_view_from_form, name="save-view"),
    path("team/views/<int:pk>/delete/", dashboard.delete_view, name="delete-view"),
    # /team/today/
    path("team/today/", today.today, name="today"),
    path("team/today/undo/", today.undo_today, name="undo-today"),
    # /team/people/<pk>/  (of an enrollment)
    path("team/trends/", statistics.trends_page, name="trends"),
    path("team/reports/", period_report.page, name="period"),
    path("team/reports/report.csv", period_report.report_file, {"kind": "csv"}, name="period-csv"),
    path("team/reports/report.xlsx", period_report.report_file, {"kind": "xlsx"}, name="period-xlsx"),
    path("team/reports/audit-pack.zip", period_report.pack, name="audit-pack"),
    path("team/reports/monthly/", period_report.monthly, name="monthly-report"),
    path("team/people/<int:pk>/", person.person, name="person"),
    path("team/people/<int:pk>/question/", today.answer_question_of, name="answer-question"),
    path("team/people/<int:pk>/extension/", today.answer_day, name="answer-extension"),
    *(
        path(f"team/people/<int:pk>/{each.address}/", person.act, {"action": each}, name=each.name)
        for each in ON_PERSON_PAGE
    ),
    # /team/simulations/<course>/<simulation>/
    path("team/simulations/<id:course>/<id:simulation>/", statistics.simulation, name="simulation"),
    # /team/questions/<course>/<document>/  (a lesson or a bank)
    path("team/questions/<id:course>/<id:document>/", statistics.questions, name="questions"),
    # /team/preview/<course>/<step>/
    path("team/preview/<id:course>/", course_preview.preview, name="preview"),
    path("team/preview/<id:course>/<id:step>/", course_preview.preview_step, name="preview-step"),
    # /api/
    path("api/", api_keys.keys, name="api-keys"),
    path("api/<int:pk>/end/", api_keys.end, name="end-api-key"),
    path("api/openapi.json", api_keys.description, name="api-description"),
    path("api/v1/", api.urls),
    path("audit-log/", audit_log.log, name="audit-log"),
    # /surveys/<course>/<survey>/
    path("surveys/<id:course>/<id:survey>/", statistics.survey, name="survey"),
]
