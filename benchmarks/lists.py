"""What a list of people costs: time, and the memory of who looks at it (the page) and of who does it (the worker).

    .ci/postgres .venv/bin/python -m benchmarks.lists [--sizes 2000 20000]

Each list is of people who are all new, and is looked at and brought in by processes of their own, whose memory at its
highest is printed; so is what a process holds that does nothing. Then a rule enrolls them all.
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
    """What any process of the product holds."""


def look(data):
    """As the page does that says what would change."""
    from courseware.accounts.roster_import.upload import bring

    roster = bring(data, "people.csv", by=None, is_complete=False)
    assert not roster.counts["bad"], roster.counts
    return roster.pk


def bring_in(pk):
    """As the worker does once somebody has said yes."""
    from courseware.accounts.models import RosterImport
    from courseware.accounts.roster_import.apply import apply_next, begin_applying

    begin_applying(RosterImport.objects.get(pk=pk), by=None, is_sure=True)
    while apply_next(pk):
        pass


def enroll_by_rule(course):
    """As the job does at night."""
    from datetime import date

    from courseware.assignments.models import RuleVersion
    from courseware.assignments.rules.execution import act
    from courseware.assignments.rules.lifecycle import make_rule, switch_on
    from courseware.content.models import Course

    terms = {"name": course, "role": "learner", "due": "assignment", "due_days": 14, "acts_since": date(2020, 1, 1)}
    rule = make_rule(Course.objects.get(identifier=course), RuleVersion(**terms), by=None)
    switch_on(rule, by=None)
    act(rule=rule.pk)


def measured(told, work, argument):
    """In a process of its own."""
    import django

    django.setup()
    began = time.perf_counter()
    answer = work(argument)
    told.put((answer, time.perf_counter() - began, peak()))


def peak():
    """MB that this process held at its highest. What `getrusage` says is also that of whoever began it."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def measure(work, argument=None):
    """(what `work` returned, seconds, MB at its highest)."""
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    process = context.Process(target=measured, args=(told, work, argument))
    process.start()
    found = told.get()
    process.join()
    return found


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sizes", type=int, nargs="+", default=[2000, 20_000])
    sizes = options.parse_args().sizes
    with scenario.own_folder():
        scenario.prepare_site()
        prepare_firm(sizes)
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


def prepare_firm(sizes):
    from benchmarks.small_courses import files_of
    from courseware.content.releases.course_import import import_course

    make_teams()
    for people in sizes:
        import_course(files_of(f"course-{people}"))


def line(people, what, seconds, peak):
    print(f"| {people} | {what} | {seconds:.1f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
