from django.urls import path

from courseware.content import views

app_name = "content"
urlpatterns = [
    path("media/<str:course>/<str:digest>/<path:name>", views.media, name="media"),
]
