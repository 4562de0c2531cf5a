"""Import of a list of people: time and memory of the comparison (web process) and of the import (worker).

    .ci/postgres .venv/bin/python -m benchmarks.lists [--sizes 2000 20000]

All people of each list are new. Each step runs in its own process, whose peak memory is printed, as is that of an idle
process. Then an assignment rule enrolls all people.
"""

import argparse
import multiprocessing
import time
from pathlib import Path

from benchmarks import scenario

TEAMS = 40
COLUMNS = "Staff number,Name,E-mail,Team,Start date\r\n"


def list_of(first, people):
    rows = (
        f"S{number:06},Person {number:06},s{number:06}@bench.example,Centre {number % TEAMS:02},2026-01-05\r\n"
        for number in range(first, first + people)
    )
    return (COLUMNS + "".join(rows)).encode()


def rest(_argument):
    """Measures an idle process."""


def look(data):
    """Compare the list with the site, as its page does; return the id of the import."""
    from courseware.accounts.roster_import.upload import store_upload

    roster = store_upload(data, "people.csv", by=None, is_complete=False)
    assert not roster.counts["bad"], roster.counts
    return roster.pk


def bring_in(pk):
    """Apply the import, as the worker does."""
    from courseware.accounts.models import RosterImport
    from courseware.accounts.roster_import.apply import apply_next, begin_applying

    begin_applying(RosterImport.objects.get(pk=pk), by=None, is_sure=True)
    while apply_next(pk):
        pass


def enroll_by_rule(course):
    """Enroll all learners by a rule, as the nightly job does."""
    from datetime import date

    from courseware.assignments.models import RuleVersion
    from courseware.assignments.rules.execution import act
    from courseware.assignments.rules.lifecycle import make_rule, switch_on
    from courseware.content.models import Course

    terms = {"name": course, "role": "learner", "due": "assignment", "due_days": 14, "acts_since": date(2020, 1, 1)}
    rule = make_rule(Course.objects.get(identifier=course), RuleVersion(**terms), by=None)
    switch_on(rule, by=None)
    act(rule=rule.pk)


def measured(results, work, argument):
    """Put (result, seconds, peak memory) into the queue."""
    import django

    django.setup()
    began = time.perf_counter()
    answer = work(argument)
    results.put((answer, time.perf_counter() - began, peak()))


def peak():
    """Return the peak memory of this process in MB. `getrusage` would include the parent process."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def measure(work, argument=None):
    """Run `work` in a process of its own; return (result, seconds, peak memory in MB)."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=measured, args=(results, work, argument))
    process.start()
    found = results.get()
    process.join()
    return found


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sizes", type=int, nargs="+", default=[2000, 20_000])
    sizes = options.parse_args().sizes
    with scenario.own_folder():
        scenario.prepare_site()
        prepare_company(sizes)
        print(f"\n{scenario.database_name()}\n\n| people | what | s | MB at its highest |\n|---|---|---|---|")
        line("", "nothing", *measure(rest)[1:])
        first = 0
        for people in sizes:
            pk, *figures = measure(look, list_of(first, people))
            line(people, "the list is compared", *figures)
            line(people, "it is brought in", *measure(bring_in, pk)[1:])
            line(people, "a rule enrolls all who are here", *measure(enroll_by_rule, f"course-{people}")[1:])
            first += people


def make_teams():
    from courseware.accounts.models import Team

    for number in range(TEAMS):
        Team.objects.create(name=f"Centre {number:02}")


def prepare_company(sizes):
    from benchmarks.small_courses import files_of
    from courseware.content.releases.course_import import import_course

    make_teams()
    for people in sizes:
        import_course(files_of(f"course-{people}"))


def line(people, step, seconds, peak):
    print(f"| {people} | {step} | {seconds:.1f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
