from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.core.exceptions import BadRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AdminSite(admin.AdminSite):
    """People sign in, sign out and change passwords in one place, where it is slowed, checked and logged."""

    index_title = _("Admin")
    version = staticmethod(str)  # the front door names a function that says it: see courseware/apps.py

    def each_context(self, request):
        from courseware.accounts.permissions.site_context import branding_for, site_name  # needs loaded apps, as below

        name = site_name(branding_for(request))
        return super().each_context(request) | {"site_header": name, "site_title": name, "version": self.version()}

    def index(self, request, extra_context=None):
        from courseware.jobs import health  # needs loaded apps, and this module is read while they load
        from courseware.notifications.email import health as email_health

        now, is_theirs = timezone.now(), request.user.is_superuser
        found = []
        if is_theirs:
            found = [*health.troubles(now), *email_health.troubles(now), *health.further_warnings(now)]
        return super().index(request, (extra_context or {}) | {"troubles": found})

    def autocomplete_view(self, request):
        if "\0" in request.GET.get("term", ""):  # which PostgreSQL refuses
            raise BadRequest
        return super().autocomplete_view(request)

    def login(self, request, extra_context=None):
        return secure_admin_login(super().login)(request, extra_context)

    def logout(self, request, extra_context=None):
        from allauth.account.views import logout  # as above

        return logout(request)

    def password_change(self, request, extra_context=None):
        return redirect("account_change_password")
