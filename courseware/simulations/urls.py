from django.urls import path

from courseware.simulations.views import debrief, run, simulation

app_name = "simulations"
urlpatterns = [
    # /simulations/<course>/<simulation>/
    path("simulations/<id:course>/<id:simulation>/", simulation.simulation, name="simulation"),
    path("simulations/<id:course>/<id:simulation>/start/", simulation.start, name="start"),
    # /runs/<pk>/
    path("runs/<int:pk>/", run.run, name="run"),
    path("runs/<int:pk>/decide/", run.decide, name="decide"),
    path("runs/<int:pk>/go-on/", run.go_on, name="go-on"),
    path("runs/<int:pk>/give-up/", run.give_up, name="give-up"),
    path("runs/<int:pk>/debrief/", debrief.debrief, name="debrief"),
    path("runs/<int:pk>/branch/<int:position>/", debrief.branch, name="branch"),
]
