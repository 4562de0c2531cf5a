from django.urls import path

from courseware.branding import views

app_name = "branding"

# /face/: public, as the pages that show it are.
urlpatterns = [
    path("branding/colours/<slug:light>/<slug:dark>/<slug:digest>.css", views.colours, name="colours"),
    path("branding/logo/<slug:digest>.png", views.logo, name="logo"),
]
