from django.urls import path

from courseware.learning.manager_actions import ON_PERSON_PAGE
from courseware.reporting.api import api
from courseware.reporting.views import (
    api_pages,
    board,
    board_files,
    log_pages,
    period_pages,
    person,
    seeing,
    statistics,
    today,
)

app_name = "reporting"
urlpatterns = [
    path("start/", board.start, name="start"),
    # /team/
    path("team/", board.board, name="board"),
    path("team/board.csv", board_files.board_csv, name="board-csv"),
    path("team/board.xlsx", board_files.board_xlsx, name="board-xlsx"),
    path("team/teams/", board.branch, name="branch"),
    # /team/views/<pk>/
    path("team/views/", board.keep, name="keep-view"),
    path("team/views/<int:pk>/take-away/", board.take_away, name="take-view-away"),
    # /team/today/
    path("team/today/", today.today, name="today"),
    path("team/today/undo/", today.undo_today, name="undo-today"),
    # /team/people/<pk>/  (of an enrollment)
    path("team/outlook/", statistics.outlook, name="outlook"),
    path("team/reports/", period_pages.page, name="period"),
    path("team/reports/report.csv", period_pages.report_file, {"kind": "csv"}, name="period-csv"),
    path("team/reports/report.xlsx", period_pages.report_file, {"kind": "xlsx"}, name="period-xlsx"),
    path("team/reports/pack.zip", period_pages.pack, name="audit-pack"),
    path("team/reports/monthly/", period_pages.monthly, name="monthly-report"),
    path("team/people/<int:pk>/", person.person, name="person"),
    path("team/people/<int:pk>/question/", today.answer_question_of, name="answer-question"),
    path("team/people/<int:pk>/another-day/", today.answer_day, name="answer-day"),
    *(
        path(f"team/people/<int:pk>/{each.address}/", person.act, {"action": each}, name=each.name)
        for each in ON_PERSON_PAGE
    ),
    # /team/simulations/<course>/<simulation>/
    path("team/simulations/<id:course>/<id:simulation>/", statistics.simulation, name="simulation"),
    # /team/questions/<course>/<document>/  (a lesson or a bank)
    path("team/questions/<id:course>/<id:document>/", statistics.questions, name="questions"),
    # /team/see/<course>/<step>/
    path("team/see/<id:course>/", seeing.see, name="see"),
    path("team/see/<id:course>/<id:step>/", seeing.see_step, name="see-step"),
    # /api/
    path("api/", api_pages.keys, name="api-keys"),
    path("api/<int:pk>/end/", api_pages.end, name="end-api-key"),
    path("api/openapi.json", api_pages.description, name="api-description"),
    path("api/v1/", api.urls),
    path("log/", log_pages.log, name="log"),
    # /surveys/<course>/<survey>/
    path("surveys/<id:course>/<id:survey>/", statistics.survey, name="survey"),
]
