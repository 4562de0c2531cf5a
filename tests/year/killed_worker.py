"""A killed worker: from some moment on, nothing it does reaches the database or the mail server."""

from contextlib import contextmanager, suppress
from unittest.mock import patch

from django.core.mail.backends.locmem import EmailBackend
from django.db import connection


class Killed(BaseException):
    """Not an `Exception`, so that no code handles it."""


class WorkerDeath:
    """Kill the worker at this statement; it and all later ones are not run."""

    def __init__(self, statement):
        self.statements_left, self.is_dead = statement, False

    @contextmanager
    def active(self):
        with connection.execute_wrapper(self), suppress(Killed):
            yield

    def __call__(self, execute, sql, params, many, context):
        self.statements_left -= 1
        if self.statements_left <= 0:
            self.kill()
        return execute(sql, params, many, context)

    def kill(self):
        self.is_dead, self.statements_left = True, 0
        raise Killed


class DeathWhileSending(WorkerDeath):
    """Kill the worker as it sends this email: before the mail server accepts it, or at the next statement."""

    def __init__(self, email, *, is_accepted):
        super().__init__(float("inf"))
        self.emails_left, self.is_accepted = email, is_accepted

    @contextmanager
    def active(self):
        send_messages = EmailBackend.send_messages

        def send(backend, emails):
            self.emails_left -= 1
            if not self.emails_left:
                if not self.is_accepted:
                    self.kill()
                self.statements_left = 1
            return send_messages(backend, emails)

        with super().active(), patch.object(EmailBackend, "send_messages", send):
            yield
