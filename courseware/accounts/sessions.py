"""How long a session lasts: at most the longest shift, and less when idle."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.utils import timezone
from django.utils.translation import gettext as _

from courseware.accounts.models import time_zones
from courseware.accounts.permissions import is_manager
from courseware.lib.background import is_in_background

BEGAN, SEEN = "session_began", "session_seen"  # whole seconds since 1970
SEEN_EVERY = 5 * 60  # seconds; the session is not written at every request
# What every page wants to know of the person's teams: whether to offer the board, and in which time zone the person
# learns (a name, "" or None for the site's). They may lag behind by SEEN_EVERY; the board itself asks the database.
MANAGES, TIME_ZONE = "manages", "time_zone"


def now():
    return int(timezone.now().timestamp())


def begin(sender, request, user, **kwargs):
    """Receives `user_logged_in`, so that no way of signing in leaves a session without an end."""
    request.session[BEGAN] = now()
    see(request.session, user, request.session[BEGAN])


def see(session, user, at):
    session[SEEN] = at
    session[MANAGES] = is_manager(user)
    session[TIME_ZONE] = time_zones(user).first()


def is_over(session, user, at):
    """Whether the session is too old or was idle too long. A session without a beginning is over."""
    began, seen = session.get(BEGAN, 0), session.get(SEEN, 0)
    longest_break = settings.STAFF_IDLE_AGE if user.is_staff else settings.SESSION_IDLE_AGE
    return at - began >= settings.SESSION_COOKIE_AGE or at - seen >= longest_break


class SessionAgeMiddleware:
    """Ends sessions that are over. Stands after messages, which tell the person why the sign-in page appears."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.user.is_authenticated:
            self.check(request, now())
        return self.get_response(request)

    def check(self, request, at):
        if is_over(request.session, request.user, at):
            logout(request)
            messages.info(request, _("You were signed out after a while. What you had sent is saved."))

    def process_view(self, request, view, arguments, places):
        if request.user.is_authenticated and not is_in_background(view):
            at = now()
            if at - request.session[SEEN] >= SEEN_EVERY:
                see(request.session, request.user, at)
