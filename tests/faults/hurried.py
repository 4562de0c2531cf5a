"""The tests' settings for a site where nobody may wait: a lock that is not had within a second is an error."""

from tests.settings import *
from tests.settings import DATABASES

ACCOUNT_RATE_LIMITS = False  # all of them come from one address

OPTIONS = DATABASES["default"]["OPTIONS"]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    OPTIONS["timeout"] = 1
else:
    # Deadlocks are looked for sooner, so that the log of the server names them and not the lock's timeout.
    OPTIONS["options"] = f"{OPTIONS.get('options', '')} -c lock_timeout=1s -c deadlock_timeout=250ms"
