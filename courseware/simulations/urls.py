"""URLs of simulations and attempts."""

from django.urls import path

from courseware.simulations import views

app_name = "simulations"
urlpatterns = [
    path("simulations/<id:course>/<id:simulation>/", views.simulation, name="simulation"),
    path("simulations/<id:course>/<id:simulation>/start/", views.start, name="start"),
    path("simulation-attempts/<int:pk>/", views.show_attempt, name="attempt"),
    path("simulation-attempts/<int:pk>/decide/", views.decide, name="decide"),
    path("simulation-attempts/<int:pk>/continue/", views.continue_attempt, name="continue"),
    path("simulation-attempts/<int:pk>/quit/", views.quit_attempt, name="quit"),
    path("simulation-attempts/<int:pk>/debrief/", views.debrief, name="debrief"),
    path("simulation-attempts/<int:pk>/what-if/<int:position>/", views.play_what_if, name="what-if"),
]
