"""A believable firm of any size, to try the product in: the people of `make run`, copied with all they have done.

    make demo-scale N=100000

Into `DATA_DIR` or `DATABASE_URL`, or var/scale/ where neither is set. Those who are copied learned through the
product's own functions (`courseware/reporting/demo.py`). A copy has a name, an address and a team of its own, and each
row and event of the other, some days earlier. None of it was told, so no letters leave. Called again, it goes on to
the number that is asked for.
"""

import os
import sys
import time

from courseware import run
from courseware.project import bootstrap

SCALE = bootstrap.BASE_DIR / "var" / "scale"
TOLD_EVERY = 5_000  # people


def why_not():
    """A sentence where this must not be filled; "" where it may be, also where there are no tables yet."""
    import django

    django.setup()
    from django.conf import settings
    from django.db import DatabaseError

    from courseware.accounts.models import User

    if not settings.PLAIN_HTTP:
        return "The password of demo people is public: they are made only where PLAIN_HTTP is set."
    try:
        others = User.objects.filter(is_demo=False).count()
    except DatabaseError:
        return ""
    if not others:
        return ""
    who = "is 1 person here who is" if others == 1 else f"are {others} people here who are"
    return f"There {who} no demo. A demo firm is only made on a site of its own."


def grow(people):
    from benchmarks.demo_firm import DemoFirm

    firm, began, told = DemoFirm(), time.monotonic(), 0
    for number in firm.grow(people):
        if number >= told + TOLD_EVERY:
            told = number
            print(f"{number:,} people after {time.monotonic() - began:.0f} s", flush=True)
    took = f"{time.monotonic() - began:.0f} s, {time.process_time():.0f} of them of this processor"
    print(f"{firm.number:,} people in {len(firm.teams):,} teams, after {took}")
    print(f"\n  {firm.last_lead.email:<32} leads one team")


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit("How many people? make demo-scale N=100000")
    if not {"DATA_DIR", "DATABASE_URL"} & os.environ.keys():
        os.environ["DATA_DIR"] = str(SCALE)
    bootstrap.begin()
    with bootstrap.in_one_sentence():
        data = bootstrap.prepare_trial()
        if said := why_not():
            sys.exit(said)
        run.set_up()
        grow(int(sys.argv[1]))
    print(run.accounts_in_words())
    print(f"To look at it: DATA_DIR={data} make run")


if __name__ == "__main__":
    main()
