from django.urls import path

from courseware.simulations import views

app_name = "simulations"
urlpatterns = [
    # /simulations/<course>/<simulation>/
    path("simulations/<id:course>/<id:simulation>/", views.simulation, name="simulation"),
    path("simulations/<id:course>/<id:simulation>/start/", views.start, name="start"),
    # /runs/<pk>/
    path("runs/<int:pk>/", views.run, name="run"),
    path("runs/<int:pk>/decide/", views.decide, name="decide"),
    path("runs/<int:pk>/go-on/", views.go_on, name="go-on"),
    path("runs/<int:pk>/give-up/", views.give_up, name="give-up"),
    path("runs/<int:pk>/debrief/", views.debrief, name="debrief"),
    path("runs/<int:pk>/branch/<int:position>/", views.branch, name="branch"),
]
