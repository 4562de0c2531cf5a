"""The served site under gunicorn, with the pause of pausing.py."""

import os

from django.core.wsgi import get_wsgi_application

from courseware.project import bootstrap
from tests.faults import pausing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
bootstrap.begin(serving=True)
application = get_wsgi_application()
pausing.install()
