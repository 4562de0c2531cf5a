"""The root URL configuration: path converters, and URLs of all apps, help, the admin and error pages."""

from django.contrib import admin
from django.urls import include, path, register_converter

from courseware.learner_home.views import home
from courseware.project import well_known
from courseware.project.help import help_guide, help_home


class IdConverter:
    """An id as in docs/formats.md: ASCII letters, digits, "-", ".", "_"."""

    regex = r"[A-Za-z0-9._-]+"
    to_python = to_url = str


class FilePathConverter:
    """The path of a file in a course folder. NUL is excluded, because databases refuse it."""

    regex = r"[^\0]+"
    to_python = to_url = str


register_converter(IdConverter, "id")
register_converter(FilePathConverter, "file")

urlpatterns = [
    path("", home, name="home"),
    path("", include("courseware.learner_home.urls")),
    path("", include("courseware.learning.urls")),
    path("", include("courseware.assessment.urls")),
    path("", include("courseware.simulations.urls")),
    path("", include("courseware.assignments.urls")),
    path("", include("courseware.hr.urls")),
    path("", include("courseware.reporting.urls")),
    path("", include("courseware.content.urls")),
    path("", include("courseware.branding.urls")),
    path("", include("courseware.notifications.urls")),
    path("accounts/", include("courseware.accounts.urls")),
    path("help/", help_home, name="help"),
    path("help/<slug:role>/", help_guide, name="help-guide"),
    path("service-worker.js", well_known.service_worker, name="service-worker"),
    path(".well-known/security.txt", well_known.security_txt),
    path(".well-known/change-password", well_known.change_password),
    path("admin/", admin.site.urls),
]

handler400 = "courseware.project.error_pages.bad_request"
handler403 = "courseware.project.error_pages.permission_denied"
handler404 = "courseware.project.error_pages.not_found"
handler500 = "courseware.project.error_pages.server_error"
