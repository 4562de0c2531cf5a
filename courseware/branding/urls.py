"""URLs of the branding's style sheet and logo. They are public, like the sign-in page that uses them."""

from django.urls import path

from courseware.branding import views

app_name = "branding"

urlpatterns = [
    path("branding/colours/<slug:light>/<slug:dark>/<slug:digest>.css", views.colours, name="colours"),
    path("branding/logo/<slug:digest>.png", views.logo, name="logo"),
]
