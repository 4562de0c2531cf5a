"""The tests' settings for a site where nobody may wait: a lock that is not had soon is an error.

A second is the promise, of a machine that nothing else keeps busy; elsewhere the same is asked with more patience. So
is a page whose turn does not come: by itself a busy machine makes a crowd of six people.
"""

import os

from tests.settings import *
from tests.settings import DATABASES

ACCOUNT_RATE_LIMITS = False  # all of them come from one address

QUEUE_TIMEOUT = 5 if os.environ.get("FAULTS") == "full" else 120  # seconds
SOON = 1 if os.environ.get("FAULTS") == "full" else 15  # seconds
OPTIONS = DATABASES["default"]["OPTIONS"]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    OPTIONS["timeout"] = SOON
else:
    # Deadlocks are looked for sooner, so that the log of the server names them and not the lock's timeout.
    OPTIONS["options"] = f"{OPTIONS.get('options', '')} -c lock_timeout={SOON}s -c deadlock_timeout=250ms"
