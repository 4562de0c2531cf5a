"""Settings for tests: a cheap password hash, plain static files, one machine."""

import atexit
import os
import shutil
import tempfile

os.environ.setdefault("SECRET_KEY", "for-tests-only-" * 4)
os.environ.setdefault("PLAIN_HTTP", "1")
if "DATA_DIR" not in os.environ:  # whoever makes the folder takes it away; workers and commands are given its name
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="courseware-test-")
    atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)

# Only now: the values above are read while it is imported.
from courseware.settings import *
from courseware.settings import CACHE_URL, CACHES, DATA_DIR, DATABASES, MIDDLEWARE

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
ANSWERS_PER_MINUTE = 1_000_000  # tests/faults answers as fast as possible
MIN_PASS_MARK = 50  # percent; the courses of tests have few questions, and one may be missed
# Tests make their database and count statements; tests/faults/test_upgrade.py asks the site as it is served.
MIDDLEWARE = [name for name in MIDDLEWARE if name != "courseware.project.maintenance.MaintenanceMiddleware"]
PREVIEW_SECONDS = 30  # seconds; the machine may be busy
LANGUAGE_CODE = "en"  # tests read English; one that is about Chinese asks for it
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in production: connections to a database in memory share one cache and do not wait for each other.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}

if CACHE_URL:  # each process of the tests has a database of its own, as a test empties it
    CACHES["default"]["LOCATION"] = f"{CACHE_URL}/{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')[2:]}"
