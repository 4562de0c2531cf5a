"""The Django admin site: allauth's sign-in and password pages, and warnings of background jobs for superusers."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.core.exceptions import BadRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AdminSite(admin.AdminSite):
    """Use allauth's pages for sign-in, sign-out and passwords: they throttle, check and log."""

    index_title = _("Admin")
    version = staticmethod(str)  # courseware/apps.py replaces it by a function that returns the version

    def each_context(self, request):
        from courseware.accounts.permissions.site_context import branding_for, site_name  # needs loaded apps

        name = site_name(branding_for(request))
        return super().each_context(request) | {"site_header": name, "site_title": name, "version": self.version()}

    def index(self, request, extra_context=None):
        from courseware.jobs import health  # needs loaded apps
        from courseware.notifications.email import health as email_health

        now, sees_warnings = timezone.now(), request.user.is_superuser
        warnings = []
        if sees_warnings:
            warnings = [*health.health_warnings(now), *email_health.troubles(now), *health.further_warnings(now)]
        return super().index(request, (extra_context or {}) | {"troubles": warnings})

    def autocomplete_view(self, request):
        if "\0" in request.GET.get("term", ""):  # PostgreSQL rejects it
            raise BadRequest
        return super().autocomplete_view(request)

    def login(self, request, extra_context=None):
        return secure_admin_login(super().login)(request, extra_context)

    def logout(self, request, extra_context=None):
        from allauth.account.views import logout  # needs loaded apps

        return logout(request)

    def password_change(self, request, extra_context=None):
        return redirect("account_change_password")
