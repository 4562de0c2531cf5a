"""Audit log events per second by concurrent writers: each with its own subject, and all with one.

    .ci/postgres .venv/bin/python -m benchmarks.writers [--seconds 4] [--rounds 3] [--writers 1 4 16]

Each writer is a process that begins a transaction, records an event and commits, at once or after 5 ms. Printed is the
median of the rounds.
"""

import argparse
import multiprocessing
import os
import secrets
import statistics
import sys
import time

SHARED = "everything"


def write(number, is_shared, hold, begin, seconds, done):
    import django

    django.setup()
    from django.db import connection, transaction

    from courseware.audit_log.record import record

    subject, count = SHARED if is_shared else f"writer:{number}", 0
    record("began", subject=f"writer:{number}")
    begin.wait()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with transaction.atomic(), connection.cursor() as cursor:
            record("answered", subject=subject, data={"count": count})
            if hold:
                cursor.execute("SELECT pg_sleep(%s)", [hold / 1000])
        count += 1
    done.put(count)


def a_second(writers, is_shared, hold, seconds):
    begin, done = multiprocessing.Barrier(writers), multiprocessing.Queue()
    each = [
        multiprocessing.Process(target=write, args=(number, is_shared, hold, begin, seconds, done))
        for number in range(writers)
    ]
    for process in each:
        process.start()
    written = sum(done.get() for _ in each)
    for process in each:
        process.join()
    return written / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 4, 16])
    options = parser.parse_args()
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        sys.exit("Writers side by side are PostgreSQL's: .ci/postgres .venv/bin/python -m benchmarks.writers")
    os.environ |= {"DJANGO_SETTINGS_MODULE": "courseware.settings", "PLAIN_HTTP": "1"}
    os.environ["SECRET_KEY"] = secrets.token_urlsafe(60)
    multiprocessing.set_start_method("spawn")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print("writers  held     one chain  own chains  ratio")
    for hold in (0, 5):
        for writers in options.writers:
            rounds = [
                [a_second(writers, is_shared, hold, options.seconds) for is_shared in (True, False)]
                for _ in range(options.rounds)
            ]
            shared, own = (statistics.median(each) for each in zip(*rounds, strict=True))
            print(f"{writers:>7}  {hold} ms  {shared:>11.0f}/s {own:>10.0f}/s  {own / shared:.1f}", flush=True)
    call_command("verify_audit_log")


if __name__ == "__main__":
    main()
