"""Throttling of tries per account and place: the wait grows; nobody is refused for good."""

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
    crowd: str  # the entry of ACCOUNT_RATE_LIMITS above which it is crowded
    free: int
    first_wait: int  # seconds, as the others
    longest_wait: int
    remembered: int

    def delay_after(self, tries):
        return min(self.first_wait * 2 ** (tries - self.free), self.longest_wait) if tries >= self.free else 0

    def key(self, account, place):
        return f"tries:{self.crowd}:{hashlib.sha256(f'{place}|{account}'.encode()).hexdigest()}"


PASSWORDS = Throttle("wrong_passwords", free=5, first_wait=10, longest_wait=5 * 60, remembered=60 * 60)
CODES = Throttle("wrong_codes", free=5, first_wait=10, longest_wait=5 * 60, remembered=60 * 60)
SECOND_STEPS = Throttle("wrong_second_steps", free=5, first_wait=10, longest_wait=5 * 60, remembered=60 * 60)
LETTERS = Throttle("letters", free=5, first_wait=60, longest_wait=60 * 60, remembered=24 * 60 * 60)


def take(pace, account, place, *, is_crowded=False):
    """Count one try and return 0; or return the seconds to wait, and count nothing."""
    key = pace.key(account, place)
    with cache_lock(key) as is_alone:
        if not is_alone:
            return 1
        now = time.time()
        tries, free_at = cache.get(key, (0, 0))
        # Longer than the longest wait it can only be by a clock that had jumped ahead.
        if now < free_at <= now + pace.longest_wait:
            return math.ceil(free_at - now)
        if is_crowded and not tries:
            # The next try of this place is let through, however many others there are by then.
            cache.set(key, (pace.free, now + pace.first_wait), pace.remembered)
            return pace.first_wait
        cache.set(key, (tries + 1, now + pace.delay_after(tries + 1)), pace.remembered)
        return 0


def before_password(request, account, pace=PASSWORDS):
    """Seconds to wait before the password is checked. At 0 the try is counted. Codes have a `pace` of their own."""
    device = known_device(request, account)
    is_crowded = not device and not ratelimit.consume(request, action=pace.crowd, key=account, dry_run=True)
    return take(pace, account, device or get_ip(request), is_crowded=is_crowded)


def wrong_password(request, account, pace=PASSWORDS):
    ratelimit.consume(request, action=pace.crowd, key=account)


def right_password(request, person):
    network = get_ip(request)
    for account in filter(None, (person.email, person.staff_number)):
        cache.delete(PASSWORDS.key(account, known_device(request, account) or network))
        cache.delete(LETTERS.key(account, STRANGERS))
        cache.set(PASSWORDS.key(account, f"right from {network}"), True, RIGHT_REMEMBERED)


def before_second_step(request, person):
    """Seconds to wait before a code of two-step verification is checked. At 0 the try is counted.

    Above a limit for all networks together, every unknown browser waits: six digits are easy to guess. A new password
    resets that limit.
    """
    account = person.sign_in_name
    device = known_device(request, account)
    if not device and not ratelimit.consume(request, action=SECOND_STEPS.crowd, key=account, dry_run=True):
        return SECOND_STEPS.longest_wait
    return take(SECOND_STEPS, account, device or get_ip(request))


def right_second_step(request, person):
    account = person.sign_in_name
    cache.delete(SECOND_STEPS.key(account, known_device(request, account) or get_ip(request)))


def new_password(request, person):
    ratelimit.clear(request, action=SECOND_STEPS.crowd, key=person.sign_in_name)


def before_email(request, account):
    """Seconds to wait before a link is emailed. At 0 the email is counted.

    Strangers share one count per account. Known browsers, and networks of a right password, have counts of their own.
    """
    network = get_ip(request)
    device = known_device(request, account)
    place = device or (network if cache.get(PASSWORDS.key(account, f"right from {network}")) else STRANGERS)
    is_crowded = place == STRANGERS and not ratelimit.consume(request, action=LETTERS.crowd, key=account)
    return take(LETTERS, account, place, is_crowded=is_crowded)


def in_words(seconds):
    if seconds < 100:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    minutes = math.ceil(seconds / 60)
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
