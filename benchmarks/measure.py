"""CPU time of a request for each page, as a ratio to the reference page measured in the same rounds.

    python -m benchmarks.measure [--people 1000] [--rounds 7] [--requests 60] [--only board]

Both sites run under gunicorn with one worker, on the same database. Each round requests every page equally often, the
reference before and after. CPU is user and system time of the worker. Printed are median, lowest and highest ratio.
"""

import argparse
import statistics

from benchmarks import scenario
from benchmarks.measured_site import running

WARM_UP = 50  # uncounted requests of each page, because a process lives for days


def cpu_of(site, send, requests):
    """Return the milliseconds of CPU time per request."""
    before = site.cpu()
    for _ in range(requests):
        send(site)
    return (site.cpu() - before) / requests


def measure(pages, rounds, requests):
    with (
        running("courseware.settings", "courseware.wsgi") as product,
        running("benchmarks.reference_settings", "benchmarks.reference_wsgi") as reference,
    ):
        reference_page = pages.pop("reference")
        for page in pages.values():
            for _ in range(WARM_UP):
                page.send(product)
        cpu_of(reference, reference_page.send, 50)
        for _ in range(rounds):
            for page in pages.values():
                before = cpu_of(reference, reference_page.send, requests * 3)
                page_cpu = cpu_of(product, page.send, requests)
                after = cpu_of(reference, reference_page.send, requests * 3)
                page.ratios.append(page_cpu / ((before + after) / 2))
                page.milliseconds.append(page_cpu)
                reference_page.milliseconds.append((before + after) / 2)
    return reference_page


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--people", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--requests", type=int, default=60)
    options.add_argument("--only", default="", help="measure this page alone: home, lesson, board …")
    options = options.parse_args()
    with scenario.own_folder():
        pages = scenario.prepare(options.people).pages()
        if options.only:
            pages = {name: pages[name] for name in ("reference", options.only)}
        reference_page = measure(pages, options.rounds, options.requests)
        report(pages, reference_page, options)


def report(pages, reference_page, options):
    print(f"\n{scenario.database_name()}, {options.people} people, {options.rounds} rounds")
    print(f"reference: {statistics.median(reference_page.milliseconds):.2f} ms of CPU a request\n")
    print("| page | CPU, ms | ratio: median (lowest–highest) | bar |\n|---|---|---|---|")
    for page in pages.values():
        ratios = sorted(page.ratios)
        spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"
        print(f"| {page.name} | {statistics.median(page.milliseconds):.2f} | {spread} | {page.bar} |")


if __name__ == "__main__":
    main()
