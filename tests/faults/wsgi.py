"""The site under gunicorn, as it is served, with the place to stop in."""

import os

from django.core.wsgi import get_wsgi_application

from courseware import starting
from tests.faults import pausing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
starting.begin(serving=True)
application = get_wsgi_application()
pausing.install()
