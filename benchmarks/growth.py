"""Cost of pages as the company grows, as ratios to the first size.

    .ci/postgres .venv/bin/python -m benchmarks.growth [--sizes 1000 10000] [--only board] [--check]

Sizes are enrollments without renewals. Prints a Markdown table. With `--check` the exit status is 1 if a page needs
more queries or more buffers than allowed, or an admin list exceeds 150 KB.
"""

import argparse
import datetime
import itertools
import sys
import time

from benchmarks import scenario

ADMIN_KILOBYTES = 150
FULL_LIST = 12_000  # buffers of the first 1,000 rows of a list of which a tenth match the filter
FULL_BOARD = 4_000  # buffers of the enrollments of a team, each in its own database page
FIRST_OF_A_JOB_ROLE = (
    20_000  # buffers: 5,000 enrollments by due date with their people, until 25 of a job role are found
)
# For managers of many people. Reports and trends read each enrollment, so they grow with the company. Today reads the
# 2,000 most urgent with their people, teams and emails.
LIMITS_OF_MANY = {
    "teams": {"few": FULL_BOARD, "more_statements": 3},
    "Today": {"bar": 4, "few": 80_000, "more_statements": 3},
}
SIGNING_IN = itertools.count()  # another person each time, because many sessions of one person are slow
LOOSE = 4  # factor on the limit of CPU time, because the machine may be shared


def looks(company):
    """Return (pages, CSV files) to visit."""
    from benchmarks.growing_company import PASSWORD
    from benchmarks.visits import Look, client_of

    course = company.courses[0].course
    learner, manager, head = client_of(company.learner), client_of(company.last_manager), client_of(company.head)
    lesson = f"/learn/{course.identifier}/{company.courses[0].lessons[1].document.identifier}/"
    team, search_word = company.teams[-1], f"p{company.people - 7:06}"

    def sign_in():
        return {"login": f"p{next(SIGNING_IN):06}@bench.example", "password": PASSWORD}

    def board(name, client, question="", few=FULL_BOARD):
        # Dashboards of many teams read stored totals: three queries instead of one.
        return Look(name, client, f"/team/{question}", few=few, more_statements=3)

    pages = [
        Look("home, ten courses", learner, "/"),
        Look("lesson", learner, lesson),
        Look("own record", learner, f"/learn/{course.identifier}/record/"),
        Look("tray", learner, "/notifications/"),
        Look("sign-in", client_of(), "/accounts/login/", form=sign_in),
        board("board of a team of 50", manager),
        board("board of everybody", head),
        board("board of everybody: overdue", head, "?state=overdue"),
        board("board of everybody: one team", head, f"?team={team.pk}"),
        board("board of everybody: one course", head, f"?course={course.identifier}"),
        board("board of everybody: certificates that end", head, "?state=ending"),
        board("board of everybody: never certified", head, "?state=never"),
        board("board of everybody: a name", head, f"?name={search_word}"),
        board("board of everybody: a job role", head, f"?job_role={company.job_roles[-1]}", few=FIRST_OF_A_JOB_ROLE),
        board("board of everybody: due within a week", head, "?days=due-7"),
        board("board of everybody: a month late", head, "?days=late-30"),
        board("board of everybody: by name", head, "?sort=name"),
        board("board of a team of 50: a job role", manager, f"?job_role={company.job_roles[-1]}"),
        board("board of a team of 50: by name", manager, "?sort=name"),
        board("board of a team of 50: by team", manager, "?sort=team"),
        board("board of a team of 50: longest without an act", manager, "?sort=last-active"),
        *pages_of_managers(manager, client_of(company.senior_manager), head),
        *pages_of_hr(client_of(company.hr), f"{search_word}@bench.example"),
        *lists_of_api(company.head, team.pk),
        *admin_lists(client_of(company.admin), course.pk, team.name.replace(" ", "+"), search_word),
    ]
    files = [
        Look("CSV of a team of 50", manager, "/team/dashboard.csv"),
        Look("CSV of everybody", head, "/team/dashboard.csv"),
    ]
    return pages, files


def pages_of_managers(manager, senior_manager, head):
    from benchmarks.visits import Look

    pages = {"Today": "/team/today/", "teams": "/team/teams/", "report": "/team/reports/", "outlook": "/team/trends/"}
    for page, path in pages.items():
        yield Look(f"{page}: a team of 50", manager, path, few=FULL_LIST)
        limits = LIMITS_OF_MANY.get(page, {"bar": None})
        yield Look(f"{page}: eleven teams", senior_manager, path, **limits)
        yield Look(f"{page}: everybody", head, path, **limits)


def pages_of_hr(hr, address):
    from benchmarks.visits import Look

    yield Look("HR: people", hr, "/people/", few=FULL_LIST)
    yield Look("HR: teams first", hr, "/team/teams/", few=FULL_BOARD)
    yield Look("HR: emails", hr, "/people/emails/", few=FULL_LIST)
    yield Look("HR: emails to an address", hr, f"/people/emails/?address={address}", few=FULL_LIST)


def lists_of_api(owner, team):
    from django.core.cache import cache

    from benchmarks.visits import Look, client_with
    from courseware.accounts.api_keys import make_key
    from courseware.lib.dates import site_day

    cache.clear()  # else the limit of 60 API requests per minute and person could be reached
    key = make_key(owner, name=f"of team {team}", ends_on=site_day() + datetime.timedelta(days=2))
    for name in ("enrollments", "people", "teams", "certificates"):
        yield Look(f"API: {name}", client_with(key), f"/api/v1/{name}/", few=FULL_LIST)
    yield Look("API: enrollments of a team", client_with(key), f"/api/v1/enrollments/?team={team}", few=FULL_BOARD)


def admin_lists(client, course, team, someone):
    from benchmarks.visits import Look

    address = f"{someone}@bench.example"
    lists = {
        "accounts/user": {
            "people": "",
            "a name": f"q={someone}",
            "a team": f"team={team}",
            "active": "is_active__exact=1",
        },
        "accounts/team": {"teams": "", "a name": "q=Team+0002"},
        "learning/enrollment": {
            "enrollments": "",
            "an address": f"q={address}",
            "overdue": "state=overdue",
            "certificates that end": "state=ending",
            "a course": f"course__id__exact={course}",
            "a team": f"team={team}",
        },
        "audit_log/event": {
            "events": "",
            "a subject": "q=enrollment:7",
            "a verb": "q=exempted",
            "an address": f"q={address}",
        },
        "notifications/outgoingemail": {"emails": "", "an address": f"q={address}", "sent": "state__exact=sent"},
        "assessment/certificate": {
            "certificates": "",
            "an address": f"q={address}",
            "valid": "revoked_at__isempty=1",
        },
    }
    for path, questions in lists.items():
        name = next(iter(questions))  # label of the unfiltered list
        for label, question in questions.items():
            shown = f"admin, {name}" + ("" if label == name else f": {label}")
            limits = {"few": FULL_LIST, "max_kilobytes": ADMIN_KILOBYTES}
            yield Look(shown, client, f"/admin/{path}/?{question}", **limits)


def measure(sizes, only):
    """Return {size: {page: Figures}} and {page: Look}."""
    from benchmarks.bulk import tidy
    from benchmarks.growing_company import GrowingCompany, table_sizes
    from benchmarks.visits import read_file, visit

    company, figures, bars = GrowingCompany(), {}, {}
    for size in sizes:
        began = time.perf_counter()
        company.grow(size)
        tidy()
        print(f"{size:,} enrollments after {time.perf_counter() - began:.0f} s more: {table_sizes()}", flush=True)
        pages, files = looks(company)
        figures[size] = found = {}
        for look in pages:
            if only in look.name:
                found[look.name], bars[look.name] = visit(look), look
        for look in files:
            if only in look.name:
                found[f"{look.name}: first byte"], found[f"{look.name}: 1,000 rows"] = read_file(look)
    return figures, bars


def broken(figures, looks_by_name):
    """Yield a line for each page that is above its limit at the last size."""
    first, last = figures[min(figures)], figures[max(figures)]
    for name, look in looks_by_name.items():
        before, after = first[name], last[name]
        if look.max_kilobytes and after.kilobytes > look.max_kilobytes:
            yield f"{name}: {after.kilobytes:.0f} KB, at most {look.max_kilobytes}"
        if look.bar is None:
            continue
        if after.statements > before.statements + look.more_statements:
            yield f"{name}: {after.statements} statements, at first {before.statements}"
        if after.buffers > look.bar * before.buffers + look.few:
            yield f"{name}: {after.buffers} buffers, at first {before.buffers}"
        if after.cpu > LOOSE * look.bar * before.cpu:
            yield f"{name}: {after.cpu:.0f} ms of CPU, at first {before.cpu:.0f}"


def tell(figures):
    sizes = sorted(figures)
    last = sizes[-1]
    print(f"\n{scenario.database_name()}; ratios to {sizes[0]:,} enrollments\n")
    columns = [f"CPU, ms, {sizes[0]:,}", *(f"× at {size:,}" for size in sizes[1:])]
    columns += [*(f"buffers, {size:,}" for size in (sizes[0], last)), "statements", "KB", f"s at {last:,}"]
    print(f"| page | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for name, first in figures[sizes[0]].items():
        end = figures[last][name]
        ratios = [f"{figures[size][name].cpu / first.cpu:.1f}" for size in sizes[1:]]
        cells = [f"{first.cpu:.1f}", *ratios, f"{first.buffers:,}", f"{end.buffers:,}"]
        cells += [f"{first.statements}–{end.statements}", f"{end.kilobytes:.0f}", f"{end.wall / 1000:.2f}"]
        print(f"| {name} | {' | '.join(cells)} |")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    options.add_argument("--only", default="", help="pages whose name holds this")
    options.add_argument("--check", action="store_true")
    options = options.parse_args()
    with scenario.own_folder():
        scenario.prepare_site()
        figures, bars = measure(sorted(options.sizes), options.only)
        tell(figures)
        if options.check and (lines := list(broken(figures, bars))):
            sys.exit("\n".join(["", "above the bar:", *lines]))


if __name__ == "__main__":
    main()
