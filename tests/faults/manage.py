"""`python -m tests.faults.manage COMMAND …`: the site's commands, with the pause of pausing.py.

With WITH_FAILING_APP the site has one more app, whose migration fails.
"""

import os
import sys

import django
from django.conf import settings
from django.core.management import execute_from_command_line

from tests.faults import pausing

if __name__ == "__main__":
    if os.environ.get("WITH_FAILING_APP"):
        settings.INSTALLED_APPS.append("tests.faults.failing")
    django.setup()
    pausing.install()
    execute_from_command_line(["manage.py", *sys.argv[1:]])
