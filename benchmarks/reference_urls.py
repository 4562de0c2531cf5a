"""URL and view of the reference page."""

from django.shortcuts import render
from django.urls import path


def reference(request):
    return render(request, "reference.html", {"user": request.user})


urlpatterns = [path("", reference)]
