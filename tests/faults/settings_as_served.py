"""Settings of a served site with the sample course: importing the shipped courses takes most of an upgrade."""

from courseware.settings import *
from courseware.settings import BASE_DIR

CONTENT_DIR = BASE_DIR / "tests" / "course_format" / "courses"
MIN_PASS_MARK = 50  # percent; as in tests.settings
