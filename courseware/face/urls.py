from django.urls import path

from courseware.face import views

app_name = "face"

# /face/: public, as the pages that show it are.
urlpatterns = [
    path("face/colours/<slug:light>/<slug:dark>/<slug:digest>.css", views.colours, name="colours"),
    path("face/logo/<slug:digest>.png", views.logo, name="logo"),
]
