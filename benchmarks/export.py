"""CSV export of the dashboard: rows per second, and memory.

    python -m benchmarks.export [--people 20000]

The code of the page exports a tenth of the people, then all. Memory is the highest additional memory of Python, by
tracemalloc in a separate run, because it is slow.
"""

import argparse
import time
import tracemalloc

from benchmarks import scenario

BAR = 12_000  # at any size


def export(manager, people):
    """Yield the bytes of the export of the first `people` rows, line by line."""
    from django.utils import timezone

    from courseware.lib.text import csv_rows
    from courseware.reporting.dashboard import rows as dashboard_rows
    from courseware.reporting.exports import columns

    found = dashboard_rows.dashboard_rows_of(manager)[:people]
    teams = dict(dashboard_rows.teams_shown_to(manager).values_list("pk", "name"))
    rows = dashboard_rows.rows_in_chunks(found, teams, "en", timezone.now())
    return csv_rows.csv_bytes(columns.texts(rows, "en"))


def rows_a_second(manager, people):
    began = time.process_time()
    lines = sum(piece.count(b"\n") for piece in export(manager, people))
    return (lines - 1) / (time.process_time() - began)


def memory(manager, people):
    """Return the additional memory in MB."""
    tracemalloc.start()
    for _piece in export(manager, people):
        pass
    _now, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return highest / 1_000_000


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--people", type=int, default=20_000)
    people = options.parse_args().people
    with scenario.own_folder():
        manager = scenario.prepare(people).manager
        rows_a_second(manager, people // 10)  # the outline is cached by the process
        print(f"\n{scenario.database_name()}\n\n| people | rows a second (bar {BAR:,}) | memory, MB |\n|---|---|---|")
        for number in (people // 10, people):
            print(f"| {number:,} | {rows_a_second(manager, number):,.0f} | {memory(manager, number):.1f} |")


if __name__ == "__main__":
    main()
