"""How the site is served. gunicorn reads this file by itself when it is started in this folder."""

import os
import sys

from gunicorn import glogging

from courseware.lib.text.log_format import JsonFormatter, TextFormatter

wsgi_app = "courseware.wsgi"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))  # what is no number, gunicorn has stumbled over by now
if not workers:  # it would listen, answer nobody and say nothing
    print("WEB_CONCURRENCY: expected a number such as 2, got 0", file=sys.stderr)
    sys.exit(3)  # the status by which systemd does not try again
# More than are worked on at a time (MAX_ACTIVE_REQUESTS): the others wait for their turn, see
# courseware/project/load_shedding.py.
threads = 100
keepalive = 15  # seconds
timeout = 60  # seconds without a sign of life after which a worker is replaced
graceful_timeout = 30  # seconds that requests under way have to end at a restart
# A worker is replaced now and then, so that memory that creeps never counts; not all of them at once.
max_requests = 10_000
max_requests_jitter = 2_000
limit_request_line = 8_190  # bytes; a longer address is a 414
limit_request_fields = 60  # headers
limit_request_field_size = 8_190  # bytes
# The socket would lie in the home folder, where two sites of one user take it from each other.
control_socket_disable = True
# FORWARDED_ALLOW_IPS names the proxy where it is on another machine; else only one on this machine is believed.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")


class Lines(glogging.Logger):
    """gunicorn's own lines in the form of all others. Its log of requests stays off, for it writes whole addresses."""

    def setup(self, cfg):
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter() if os.environ.get("LOG_FORMAT") == "json" else TextFormatter())


logger_class = Lines


def post_worker_init(worker):
    # Here, as the process that starts the others keeps no code of ours: it may live longer than a version.
    from courseware.project import version

    worker.log.info("%s", version.in_words())
