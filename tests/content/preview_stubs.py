"""What tests put in the place of a preview: in a module of its own, as the process beside the server loads it."""

import os

from django.db import connections

from courseware.content.authoring.preview import make_preview


def never_ready(*_arguments):
    while True:
        pass


def broken_off(*_arguments):
    os._exit(1)


def with_databases(*arguments):
    """The preview, and the databases that were opened for it."""
    return make_preview(*arguments), opened()


def with_a_query(*_arguments):
    connections["default"].ensure_connection()
    return opened()


def opened():
    return [connection.alias for connection in connections.all() if connection.connection is not None]
