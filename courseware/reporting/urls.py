from django.urls import path

from courseware.learning.verbs import VERBS
from courseware.reporting import views

app_name = "reporting"
urlpatterns = [
    # /team/
    path("team/", views.board, name="board"),
    path("team/board.csv", views.board_csv, name="board-csv"),
    # /team/people/<pk>/  (of an enrollment)
    path("team/people/<int:pk>/", views.person, name="person"),
    *(path(f"team/people/<int:pk>/{verb.address}/", views.act, {"verb": verb}, name=verb.name) for verb in VERBS),
    # /team/simulations/<course>/<simulation>/
    path("team/simulations/<id:course>/<id:simulation>/", views.simulation, name="simulation"),
    # /surveys/<course>/<survey>/
    path("surveys/<id:course>/<id:survey>/", views.survey, name="survey"),
]
