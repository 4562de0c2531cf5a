"""Throttling of sign-in attempts per account and place, by growing waits."""

import hashlib
import math
import time
from dataclasses import dataclass

from allauth.core import ratelimit
from django.core.cache import cache
from django.utils.translation import ngettext

from courseware.accounts.security.trusted_devices import known_device
from courseware.accounts.sign_in.allauth_internals import cache_lock, get_ip

STRANGERS = "strangers"
RIGHT_REMEMBERED = 30 * 24 * 60 * 60  # seconds


@dataclass(frozen=True)
class Throttle:
    """Limits of one kind of attempt. `crowd`: its limit for all places together, a key of ACCOUNT_RATE_LIMITS."""

    crowd: str
    free: int  # attempts without a wait
    first_wait: int  # seconds, as below
    longest_wait: int
    remembered: int

    def delay_after(self, attempts):
        return min(self.first_wait * 2 ** (attempts - self.free), self.longest_wait) if attempts >= self.free else 0

    def key(self, account, place):
        """Return the cache key. `account`: sign-in name; `place`: key of a device, IP address or STRANGERS."""
        return f"tries:{self.crowd}:{hashlib.sha256(f'{place}|{account}'.encode()).hexdigest()}"


PASSWORDS = Throttle("wrong_passwords", free=5, first_wait=10, longest_wait=5 * 60, remembered=60 * 60)
CODES = Throttle("wrong_codes", free=5, first_wait=10, longest_wait=5 * 60, remembered=60 * 60)
SECOND_STEPS = Throttle("wrong_second_steps", free=5, first_wait=10, longest_wait=5 * 60, remembered=60 * 60)
EMAILS = Throttle("emails", free=5, first_wait=60, longest_wait=60 * 60, remembered=24 * 60 * 60)


def take(throttle, account, place, *, is_crowded=False):
    """Count an attempt and return 0; or return the seconds to wait. `account`, `place`: see `Throttle.key`.
    `is_crowded`: the first attempt from a place must wait, too.
    """
    key = throttle.key(account, place)
    with cache_lock(key) as is_alone:
        if not is_alone:
            return 1
        now = time.time()
        attempts, free_at = cache.get(key, (0, 0))
        # A longer wait than the longest comes from a clock that was wrong.
        if now < free_at <= now + throttle.longest_wait:
            return math.ceil(free_at - now)
        if is_crowded and not attempts:
            # The next attempt from this place is allowed, even if the account is still crowded.
            cache.set(key, (throttle.free, now + throttle.first_wait), throttle.remembered)
            return throttle.first_wait
        cache.set(key, (attempts + 1, now + throttle.delay_after(attempts + 1)), throttle.remembered)
        return 0


def before_password(request, account, pace=PASSWORDS):
    """Return the seconds to wait before a check; if 0, the attempt is counted. `pace`: PASSWORDS or CODES."""
    device = known_device(request, account)
    is_crowded = not device and not ratelimit.consume(request, action=pace.crowd, key=account, dry_run=True)
    return take(pace, account, device or get_ip(request), is_crowded=is_crowded)


def wrong_password(request, account, pace=PASSWORDS):
    """Count a wrong password or code for `account` (sign-in name). `pace`: PASSWORDS, CODES or SECOND_STEPS."""
    ratelimit.consume(request, action=pace.crowd, key=account)


def right_password(request, person):
    """Reset the counts of this browser or network for `person`, and remember the network for 30 days."""
    network = get_ip(request)
    for account in filter(None, (person.email, person.staff_number)):
        cache.delete(PASSWORDS.key(account, known_device(request, account) or network))
        cache.delete(EMAILS.key(account, STRANGERS))
        cache.set(PASSWORDS.key(account, f"right from {network}"), True, RIGHT_REMEMBERED)


def before_second_step(request, person):
    """Return the seconds to wait before a second factor may be checked; if 0, the attempt is counted."""
    account = person.sign_in_name
    device = known_device(request, account)
    if not device and not ratelimit.consume(request, action=SECOND_STEPS.crowd, key=account, dry_run=True):
        return SECOND_STEPS.longest_wait
    return take(SECOND_STEPS, account, device or get_ip(request))


def right_second_step(request, person):
    account = person.sign_in_name
    cache.delete(SECOND_STEPS.key(account, known_device(request, account) or get_ip(request)))


def new_password(request, person):
    """After a change of the password, reset the count of wrong second factors of `person`."""
    ratelimit.clear(request, action=SECOND_STEPS.crowd, key=person.sign_in_name)


def before_email(request, account):
    """Return the seconds to wait before a link is emailed to `account` (sign-in name); if 0, the request is counted."""
    network = get_ip(request)
    device = known_device(request, account)
    place = device or (network if cache.get(PASSWORDS.key(account, f"right from {network}")) else STRANGERS)
    is_crowded = place == STRANGERS and not ratelimit.consume(request, action=EMAILS.crowd, key=account)
    return take(EMAILS, account, place, is_crowded=is_crowded)


def in_words(seconds):
    """Return the wait as text in the active language: seconds below 100, else minutes, rounded up."""
    if seconds < 100:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    minutes = math.ceil(seconds / 60)
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
