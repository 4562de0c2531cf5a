"""URLs of simulations and attempts."""

from django.urls import path

from courseware.simulations import views

app_name = "simulations"
urlpatterns = [
    path("simulations/<id:course>/<id:simulation>/", views.simulation, name="simulation"),
    path("simulations/<id:course>/<id:simulation>/start/", views.start, name="start"),
    path("simulation-attempts/<int:pk>/", views.run, name="attempt"),
    path("simulation-attempts/<int:pk>/decide/", views.decide, name="decide"),
    path("simulation-attempts/<int:pk>/continue/", views.go_on, name="continue"),
    path("simulation-attempts/<int:pk>/quit/", views.give_up, name="quit"),
    path("simulation-attempts/<int:pk>/debrief/", views.debrief, name="debrief"),
    path("simulation-attempts/<int:pk>/what-if/<int:position>/", views.branch, name="what-if"),
]
