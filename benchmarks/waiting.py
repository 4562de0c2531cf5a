"""Waiting times of others while a company enrolls everyone, imports a list, releases or imports a course.

    .ci/postgres .venv/bin/python -m benchmarks.waiting [--people 20000]

Meanwhile, learners complete lessons in one process and people sign in in another. Printed are how many of these actions
succeeded and the longest duration, also without other load.
"""

import argparse
import itertools
import multiprocessing
import queue
import time

from benchmarks import scenario

QUIET = 5  # seconds without other load
BAR = 1.0  # seconds


def complete_lessons(enrollment_ids):
    """Yield functions that complete a lesson, each of another enrollment, and write to the log."""
    from courseware.content.rendering.store import outline
    from courseware.learning.models import Enrollment
    from courseware.learning.status import completion

    for enrollment_id in enrollment_ids:
        enrollment = Enrollment.objects.select_related("course__current").get(pk=enrollment_id)
        steps = outline(enrollment.release, enrollment.source_language).steps
        yield lambda found=enrollment, step=steps[-1]: completion.mark_read(found, step)


def sign_in(person_ids):
    from courseware.accounts.models import User
    from courseware.audit_log.record import record

    for person in itertools.cycle(User.objects.filter(pk__in=person_ids)):
        yield lambda who=person: record("signed-in", actor=who, subject=who)


def go_on(actions, ids, durations, stopped):
    """Run the actions in a process of its own; put (start, duration) of each into the queue."""
    import django

    django.setup()
    for action in actions(ids):
        if stopped.is_set():
            break
        began = time.perf_counter()
        action()
        durations.put((began, time.perf_counter() - began))
        time.sleep(0.01)


class Others:
    """The concurrent processes; `waits`: (start, duration) of their actions."""

    def __init__(self, learners, people):
        context = multiprocessing.get_context("spawn")
        self.stopped, self.told = context.Event(), context.Queue()
        self.processes = [
            context.Process(target=go_on, args=(actions, ids, self.told, self.stopped))
            for actions, ids in ((complete_lessons, learners), (sign_in, people))
        ]
        for process in self.processes:
            process.start()
        self.waits = [self.told.get(timeout=120)]

    def since(self, began):
        """Return the durations of all actions started since `began`."""
        while True:
            try:
                self.waits.append(self.told.get(timeout=0.2))
            except queue.Empty:
                return [took for at, took in self.waits if at >= began]
            if self.waits[-1][0] > time.perf_counter() - 0.2:
                return [took for at, took in self.waits if at >= began]

    def stop(self):
        self.stopped.set()
        for process in self.processes:
            process.terminate()


def works(company):
    """Return name → operation to measure."""
    from benchmarks.lists import bring_in, enroll_by_rule, list_of, look, make_teams
    from benchmarks.small_courses import files_of
    from courseware.content.releases.course_import import import_course
    from courseware.content.releases.publishing import publish
    from courseware.learning.enrollments.enrollment import begin_enrolling, enroll_next

    new = import_course(files_of("course-new")).course
    by_rule = import_course(files_of("course-by-rule")).course
    people = company.people
    shipped = next(each.course for each in company.courses if each.course.identifier == "customer-service-safety")

    make_teams()

    def enroll_everybody():
        order = begin_enrolling([company.teams[0]], new, due_on=None)
        while not order.finished_at:
            order = enroll_next(order, by=company.admin)
        return order.enrolled

    def bring_in_a_list():
        bring_in(look(list_of(0, people)))

    def enroll_by_a_rule():
        enroll_by_rule(by_rule.identifier)

    def release():
        document = shipped.documents.select_related("latest_revision").filter(kind="lesson").earliest("pk")
        head = changed(document)
        publish(shipped, [head], impact="reread", note="A word more", by=company.admin)

    def import_again():
        files = files_of("course-2")
        import_course({path: text + b"\nA word more.\n" for path, text in files.items()})

    return {
        f"enrolling {company.people:,} people": enroll_everybody,
        f"bringing in a list of {people:,} people": bring_in_a_list,
        f"enrolling {2 * people:,} people by a rule": enroll_by_a_rule,
        "releasing a change of the shipped course": release,
        "importing a course anew": import_again,
    }


def changed(document):
    """Save a document with one more word; return the revision."""
    from courseware.content.releases.drafts import save_drafts

    text = document.latest_revision.texts.get(language=document.course.source_language)
    return save_drafts(
        document, {text.language: bytes(text.body) + "\n稿\n".encode()}, base=document.latest_revision, by=None
    )


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--people", type=int, default=20_000)
    people = options.parse_args().people
    with scenario.own_folder():
        scenario.prepare_site()
        measure(people)


def measure(people):
    from benchmarks.bulk import tidy
    from benchmarks.growing_company import COURSES, GrowingCompany
    from courseware.accounts.models import User
    from courseware.learning.models import Enrollment

    company = GrowingCompany()
    company.grow(people * COURSES)
    tidy()
    small = Enrollment.objects.open().filter(course__identifier="course-3", started_at=None)
    learners = list(small.order_by("pk").values_list("pk", flat=True))
    others = Others(learners, list(User.objects.order_by("pk").values_list("pk", flat=True)[:500]))
    try:
        columns = f"meanwhile | it took, s | acts of others | longest of them, s (bar {BAR})"
        print(f"\n{scenario.database_name()}\n\n| {columns} |\n|---|---|---|---|")
        for name, work in ({"nothing": lambda: time.sleep(QUIET)} | works(company)).items():
            began = time.perf_counter()
            work()
            took, waits = time.perf_counter() - began, others.since(began)
            print(f"| {name} | {took:.1f} | {len(waits)} | {max(waits, default=0):.2f} |", flush=True)
    finally:
        others.stop()


if __name__ == "__main__":
    main()
