"""URL of figures."""

from django.urls import path

from courseware.content import views

app_name = "content"
urlpatterns = [
    path("media/<id:course>/<slug:digest>/<file:name>", views.media, name="media"),
]
