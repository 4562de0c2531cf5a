"""A realistic demo company of any size: the demo people of `make run`, copied with their history.

    make demo-scale N=100000

It uses DATA_DIR or DATABASE_URL, else var/scale/. The demo people learned through the product's own functions
(`courseware/reporting/demo.py`). A copy has its own name, address and team, and the same rows and events some days
earlier. No emails are sent. A repeated call adds people up to the number.
"""

import os
import sys
import time

from courseware import run
from courseware.project import bootstrap

SCALE = bootstrap.BASE_DIR / "var" / "scale"
TOLD_EVERY = 5_000  # people between two lines of output


def why_not():
    """Return a sentence why this site must not be filled, or "", also if there are no tables yet."""
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
    subject = "is 1 person here who is" if others == 1 else f"are {others} people here who are"
    return f"There {subject} no demo. A demo company is only made on a site of its own."


def grow(people):
    from benchmarks.demo_company import DemoCompany

    company, began, reported = DemoCompany(), time.monotonic(), 0
    for number in company.grow(people):
        if number >= reported + TOLD_EVERY:
            reported = number
            print(f"{number:,} people after {time.monotonic() - began:.0f} s", flush=True)
    took = f"{time.monotonic() - began:.0f} s, {time.process_time():.0f} of them of this processor"
    print(f"{company.number:,} people in {len(company.teams):,} teams, after {took}")
    print(f"\n  {company.last_manager_of_team.email:<32} leads one team")


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit("How many people? make demo-scale N=100000")
    if not {"DATA_DIR", "DATABASE_URL"} & os.environ.keys():
        os.environ["DATA_DIR"] = str(SCALE)
    bootstrap.begin()
    with bootstrap.in_one_sentence():
        data = bootstrap.prepare_trial()
        if reason := why_not():
            sys.exit(reason)
        run.set_up_database()
        run.set_up_site()
        grow(int(sys.argv[1]))
    print(run.accounts_in_words())
    print(f"To look at it: DATA_DIR={data} make run")


if __name__ == "__main__":
    main()
