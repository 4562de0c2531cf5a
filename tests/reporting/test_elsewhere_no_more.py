"""What was learned elsewhere and certifies no more is called no certificate, on the board and on the person's page."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from courseware.assessment.models import Certificate
from courseware.assessment.standing import keep_standing
from tests.reporting.test_trained_elsewhere import course, learner, page, taken_back, team  # noqa: F401 - fixtures
from tests.world import complete_course

pytestmark = pytest.mark.django_db


def test_what_ended_and_what_was_taken_back_elsewhere_was_no_certificate(team, course):  # noqa: F811
    yesterday = timezone.localdate() - timedelta(days=1)
    ended, wrong = learner(team, course, "Ended", yesterday), taken_back(learner(team, course, "Wrong", None))
    said = {ended: f"training elsewhere ended {date_format(yesterday)}", wrong: "training elsewhere taken back"}
    board = page(team.manager, "/team/")
    assert all(words in board for words in said.values())
    assert "certificate ended" not in board and "certificate withdrawn" not in board
    for run, words in said.items():
        assert words in page(team.manager, f"/team/people/{run.pk}/")


def test_a_certificate_that_ended_is_still_called_one(team, course):  # noqa: F811
    run = learner(team, course, "Lea")
    complete_course(run)
    keep_standing(ended(Certificate.objects.get()))
    board = page(team.manager, "/team/")
    assert "certificate ended" in board and "elsewhere" not in board


def ended(certificate):
    certificate.valid_until = timezone.localdate() - timedelta(days=1)
    certificate.save()
    return certificate
