"""Who wrote a report on a lesson, as a number that only the site's own key can make again."""

from django.conf import settings
from django.utils.crypto import salted_hmac

SALT = "courseware.learning.report_writers"


def digests_of_writer(enrollment: int, document: int) -> list[str]:
    """Under the site's key, which new reports are kept with, then under those it had before.

    Of a writer and a lesson, so that what one person wrote about several lessons cannot be put together.
    """
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [salted_hmac(SALT, f"{enrollment}:{document}", key, algorithm="sha256").hexdigest() for key in keys]
