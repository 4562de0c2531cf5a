"""The site under gunicorn, as it is served, with the place to stop in."""

import os

from django.core.wsgi import get_wsgi_application

from courseware.project import bootstrap
from tests.faults import pausing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
bootstrap.begin(serving=True)
application = get_wsgi_application()
pausing.install()
