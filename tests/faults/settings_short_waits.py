"""Test settings for a site with short waits: a lock timeout is an error.

The limit of 1 second holds on an idle machine (FAULTS=full); otherwise limits are longer. That includes the request
queue, because on a busy machine even six people have to wait.
"""

import os

from tests.settings import *
from tests.settings import DATABASES

ACCOUNT_RATE_LIMITS = False  # all people come from one address

QUEUE_TIMEOUT = 5 if os.environ.get("FAULTS") == "full" else 120  # seconds
LOCK_SECONDS = 1 if os.environ.get("FAULTS") == "full" else 15  # seconds
OPTIONS = DATABASES["default"]["OPTIONS"]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    OPTIONS["timeout"] = LOCK_SECONDS
else:
    # Detect deadlocks before the lock timeout, so that the server log names them.
    OPTIONS["options"] = f"{OPTIONS.get('options', '')} -c lock_timeout={LOCK_SECONDS}s -c deadlock_timeout=250ms"
