"""Pause in a function: with PAUSE_IN set to its dotted name, a process waits there to be killed.

It waits only while the file PAUSE_FILE exists, and writes its process id beside it.
"""

import os
import time
from functools import wraps
from importlib import import_module
from pathlib import Path

from tests.patience import PATIENCE


def install():
    dotted = os.environ.get("PAUSE_IN")
    if not dotted:
        return
    module, _, name = dotted.rpartition(".")
    module = import_module(module)
    setattr(module, name, pausing(getattr(module, name), Path(os.environ["PAUSE_FILE"])))


def pausing(function, file):
    @wraps(function)
    def paused(*args, **kwargs):
        done = function(*args, **kwargs)
        if file.exists():
            file.with_suffix(".pid").write_text(str(os.getpid()))
            time.sleep(PATIENCE)
        return done

    return paused
