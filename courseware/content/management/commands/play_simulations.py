"""Command that plays simulations at random and prints their outcomes."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from random import Random

from django.core.management.base import BaseCommand, CommandError

from courseware.content.management.commands.check_content import course_folders, read_files
from courseware.content.releases.publishing import ContentErrors, read_valid
from courseware.course_format.course import CourseText
from courseware.course_format.simulations.baseline_players import SAVED, fingerprint, play_all
from courseware.course_format.simulations.parser import make_simulation, read_simulation
from courseware.course_format.simulations.simulation import Simulation

RUNS, SEED = 10_000, 1
COLOURS = ("green", "yellow", "red")
HEAD = f"| simulation | {' | '.join(COLOURS)} | decisions | never met |\n|---|{'---:|' * len(COLOURS)}---:|---|"


class Command(BaseCommand):
    help = "Play every simulation at random and print how often each outcome was reached."
    requires_system_checks = []  # it reads files only

    def add_arguments(self, parser):
        parser.add_argument("directory", nargs="?", type=Path, help="folder of course folders (default: content/)")
        parser.add_argument("--runs", type=int, default=RUNS, help=f"attempts for each simulation (default: {RUNS})")
        parser.add_argument("--seed", type=int, default=SEED, help=f"seed of the random numbers (default: {SEED})")
        parser.add_argument("--save", action="store_true", help=f"only write {SAVED.name}, which makes imports faster")

    def handle(self, *, directory: Path | None, runs: int, seed: int, save: bool, **options):
        if save and directory:
            raise CommandError("--save is for the shipped courses: name no folder with it")
        if save:
            SAVED.write_text(saved_results(course_folders(None)))
            return
        if runs < 1:
            raise CommandError(f"--runs {runs}: expected 1 or more")
        self.stdout.write(HEAD)
        for folder in course_folders(directory):
            for simulation in simulations_of(folder):
                self.stdout.write(row(simulation, runs, Random(seed)))


def valid_course(folder: Path) -> CourseText:
    """Return a parsed course. Raise `CommandError` if it has errors."""
    try:
        return read_valid(read_files(folder))
    except ContentErrors as error:
        raise CommandError(f"{error}\nRun check_content, and mend what it finds.") from None


def simulations_of(folder: Path) -> list[Simulation]:
    """Return the simulations of a course in the source language. Raise `CommandError` if it has errors."""
    course = valid_course(folder)
    documents = course.of_kind("simulation")
    return [read_simulation(course, document.id, document.language)[0] for document in documents]


def saved_results(folders: list[Path]) -> str:
    """Return JSON for SAVED: fingerprint of a simulation in one language → results of all players."""
    results = {}
    for folder in folders:
        course = valid_course(folder)
        for document in course.of_kind("simulation"):
            for language in course.documents[document.id]:
                simulation, is_source = make_simulation(course, document.id, language), language == document.language
                all_played = play_all(simulation, language, is_source=is_source)
                key = fingerprint(simulation, language, is_source=is_source)
                results[key] = [asdict(played) for played in all_played]
    return json.dumps(results, indent=1) + "\n"


def row(simulation: Simulation, attempts: int, random: Random) -> str:
    """Return a Markdown row: outcomes in percent of `attempts` (≥ 1), average number of decisions, places never met."""
    ended: Counter[str] = Counter()
    reached: set[str] = set()
    decisions = 0
    for _ in range(attempts):
        path = [state.place for state, _, _ in simulation.random_path(random)]
        ended[simulation.endings_by_id[path[-1]].colour] += 1
        decisions += len(path) - 1
        reached.update(path)
    shares = " | ".join(f"{100 * ended[colour] / attempts:.1f} %" for colour in COLOURS)
    unmet = [node_id for node_id in (*simulation.nodes, *simulation.endings_by_id) if node_id not in reached]
    return f"| {simulation.id} | {shares} | {decisions / attempts:.1f} | {', '.join(unmet) or '–'} |"
