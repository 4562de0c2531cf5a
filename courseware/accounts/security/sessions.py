"""Session lifetime (maximum age and idle timeout), and facts about the user that the session caches."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from courseware.accounts.models import Membership, User, time_zones
from courseware.accounts.permissions import roles
from courseware.accounts.permissions.permissions import audits, is_manager, is_privileged
from courseware.lib.web.page_views import is_in_background

BEGAN, SEEN = "session_began", "session_seen"  # whole seconds since 1970
SEEN_EVERY = 5 * 60  # seconds; the session is not written at every request
# Facts for every page, at most SEEN_EVERY old. Permission checks ask the database instead.
MANAGES, TIME_ZONE = "manages", "time_zone"
HANDLES_PEOPLE, AUDITS = "handles_people", "audits"
TEAMS_NUMBER = "teams_number"  # of the person, when the facts were loaded: see `reload_session_facts`


def now():
    """Return whole seconds since 1970."""
    return int(timezone.now().timestamp())


def begin(sender, request, user, **kwargs):
    """Receiver of `user_logged_in`: start the clock of the session, and store its facts: see `see`."""
    request.session[BEGAN] = now()
    see(request.session, user, request.session[BEGAN])


def see(session, user, at):
    """Store `at` (seconds since 1970) as the last request, and the facts about `user` that every page needs."""
    session[SEEN] = at
    session[MANAGES] = is_manager(user)
    session[TIME_ZONE] = time_zones(user).first()
    session[HANDLES_PEOPLE] = roles.has_role(roles.HR, user)
    session[AUDITS] = audits(user)
    session[TEAMS_NUMBER] = user.teams_number


def reload_session_facts(person):
    """Make the sessions of `person` (id) reload the facts at their next request."""
    User.objects.filter(pk=person).update(teams_number=F("teams_number") + 1)


def note_change_of_groups(sender, instance, action, reverse, pk_set, **kwargs):
    """Receiver of m2m_changed of `User.groups`: sessions of people added or removed reload the facts."""
    if action in ("post_add", "post_remove"):
        people = pk_set if reverse else [instance.pk]
        User.objects.filter(pk__in=people).update(teams_number=F("teams_number") + 1)


def note_change_of_manager(sender, instance, raw=False, **kwargs):
    """Receiver of a saved or deleted membership: sessions of the manager reload the facts."""
    if instance.role == Membership.Role.MANAGER and not raw:
        reload_session_facts(instance.person_id)


def handles_records(session, user):
    """Return whether `user` is staff, HR, auditor, or (if TWO_FACTOR_FOR_MANAGERS) manager, by facts in `session`."""
    is_manager_with_records = settings.TWO_FACTOR_FOR_MANAGERS and session.get(MANAGES)
    return bool(is_privileged(user) or session.get(HANDLES_PEOPLE) or session.get(AUDITS) or is_manager_with_records)


def longest_break(session, user):
    """Return the idle timeout of the session in seconds."""
    return settings.ADMIN_IDLE_TIMEOUT if handles_records(session, user) else settings.SESSION_IDLE_TIMEOUT


def ends(session, user):
    """Return (end by age, end by idleness) in seconds since 1970; both have passed if the session has no beginning."""
    return session.get(BEGAN, 0) + settings.SESSION_COOKIE_AGE, session.get(SEEN, 0) + longest_break(session, user)


def is_over(session, user, at):
    """Return whether the session has ended at `at` (seconds since 1970)."""
    return at >= min(ends(session, user))


def times(session, user, at):
    """Return seconds from `at` to the end of the session: "left" if no request follows, "whole" if requests go on.
    "idle": seconds left after any request, unless "whole" is less.
    """
    oldest, idlest = ends(session, user)
    return {
        "left": max(0, min(oldest, idlest) - at),
        "whole": max(0, oldest - at),
        "idle": max(0, longest_break(session, user) - SEEN_EVERY),
    }


def session_times(request):
    """Context processor: `times` of the session and a pseudonym of the user, or None without a sign-in."""
    is_in = hasattr(request, "user") and request.user.is_authenticated
    if not is_in:
        return {"session_times": None}
    return {"session_times": times(request.session, request.user, now()) | {"reader": reader_mark(request.user)}}


def reader_mark(user):
    """Return a pseudonym of the user (16 hex digits), by which a browser knows its stored copy of a course."""
    return salted_hmac("courseware.reading-copy", str(user.pk)).hexdigest()[:16]


class SessionAgeMiddleware(MiddlewareMixin):
    """Sign out from sessions that are over. Place it after the middleware of messages."""

    def process_request(self, request):
        if request.user.is_authenticated and is_over(request.session, request.user, now()):
            logout(request)
            messages.info(
                request, _("You were signed out because you were inactive. Everything you sent before is saved.")
            )

    def process_view(self, request, view, arguments, places):
        if request.user.is_authenticated:
            seen = request.session[SEEN]
            at = seen if is_in_background(view) else now()
            is_known = request.session.get(TEAMS_NUMBER) == request.user.teams_number
            if at - seen >= SEEN_EVERY or not is_known:
                see(request.session, request.user, at)
