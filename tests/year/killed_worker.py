"""A worker that dies in the middle: from some moment on nothing of it reaches the database or the mail server."""

from contextlib import contextmanager, suppress
from unittest.mock import patch

from django.core.mail.backends.locmem import EmailBackend
from django.db import connection


class Killed(BaseException):
    """No error that anybody could handle."""


class Death:
    """It comes at the so-many-th statement, which is not done, and none after it."""

    def __init__(self, statement):
        self.statements_left, self.has_come = statement, False

    @contextmanager
    def comes(self):
        with connection.execute_wrapper(self), suppress(Killed):
            yield

    def __call__(self, execute, sql, params, many, context):
        self.statements_left -= 1
        if self.statements_left <= 0:
            self.come()
        return execute(sql, params, many, context)

    def come(self):
        self.has_come, self.statements_left = True, 0
        raise Killed


class DeathAtTheDoor(Death):
    """It comes as the so-many-th letter is handed over: before the mail server takes it, or at the next statement."""

    def __init__(self, letter, *, is_taken):
        super().__init__(float("inf"))
        self.letters_left, self.is_taken = letter, is_taken

    @contextmanager
    def comes(self):
        hand_over = EmailBackend.send_messages

        def handed_over(door, letters):
            self.letters_left -= 1
            if not self.letters_left:
                if not self.is_taken:
                    self.come()
                self.statements_left = 1
            return hand_over(door, letters)

        with super().comes(), patch.object(EmailBackend, "send_messages", handed_over):
            yield
