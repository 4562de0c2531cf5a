"""A place to stop in: with PAUSE_IN set to the dotted name of a function, a process waits there to be killed.

The wait happens only while the file PAUSE_FILE exists; the process then writes its id beside it.
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
