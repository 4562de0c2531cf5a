"""Tasks for worker tests, in their own module because a task is found by its path."""

import signal
import time

from django import db

from courseware.jobs.tasks import RetryLater, task

done = []


@task
def note(what):
    done.append(what)


@task
def fail():
    raise ValueError("nothing to be done")


@task
def wait_for_another_day():
    raise RetryLater("the server does not answer")


@task
def ask_a_database_that_refuses(name):
    raise getattr(db, name)("deadlock detected")


@task
def hang():
    done.append("begun")
    signal.setitimer(signal.ITIMER_REAL, 0.01)  # the time limit
    time.sleep(30)
