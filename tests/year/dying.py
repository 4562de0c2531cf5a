"""A worker that dies in the middle: from some statement on none reaches the database any more."""


class Killed(BaseException):
    """No error that anybody could handle."""


class Death:
    """Wraps the statements of a connection. The one at which it comes is not done, and none after it."""

    def __init__(self, statement):
        self.statements_left, self.has_come = statement, False

    def __call__(self, execute, sql, params, many, context):
        self.statements_left -= 1
        self.has_come = self.statements_left <= 0
        if self.has_come:
            raise Killed
        return execute(sql, params, many, context)
