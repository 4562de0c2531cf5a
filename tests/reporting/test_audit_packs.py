"""The ZIP file for an auditor: what is in it, that its digests agree, and that the log knows it."""

import csv
import hashlib
import io
import subprocess
from datetime import date, timedelta
from zipfile import ZipFile

import pytest
from django.utils import timezone

from courseware.accounts.models import User
from courseware.content.models import Release
from courseware.evidence.models import Event
from courseware.evidence.sealing import seal
from courseware.reporting import audit_packs
from tests.making import make_auditor, make_team, make_user
from tests.reporting.boards import learner_of
from tests.world import complete_course

pytestmark = pytest.mark.django_db
NAMES = [
    "people.csv", "people.xlsx", "report.csv", "certificates.csv", "releases.csv", "seals.csv",
    "how-to-verify.zh-hans.txt", "how-to-verify.en.txt", "SHA256SUMS",
]  # fmt: skip


@pytest.fixture
def team(client):
    team = make_team("Night shift")
    client.force_login(team.manager)
    return team


def download(client, query=""):
    today = timezone.localdate()
    response = client.get(f"/team/reports/pack.zip?first={today:%Y-%m}&last={today:%Y-%m}&{query}")
    assert response["Content-Type"] == "application/zip"
    return ZipFile(io.BytesIO(b"".join(response.streaming_content)))


def table(pack, name):
    return list(csv.DictReader(io.StringIO(pack.read(name).decode("utf-8-sig"), newline="")))


def test_it_holds_the_list_the_report_the_certificates_and_what_proves_them(client, team):
    run = learner_of(team, "Wang Ming")
    complete_course(run)
    learner_of(make_team("Elsewhere"), "Zhao Lei")
    kept = seal()
    pack = download(client)
    certificate, release = run.certificate, Release.objects.get()
    assert pack.namelist() == NAMES
    assert {each.date_time[:3] for each in pack.infolist()} == {timezone.localdate().timetuple()[:3]}
    assert [row["Name"] for row in table(pack, "people.csv")] == ["Wang Ming"]
    assert [(row["Team"], row["Finished"]) for row in table(pack, "report.csv")] == [("Night shift", "1")]
    [row] = table(pack, "certificates.csv")
    assert (row["Name"], row["Certificate number"], row["Release"], row["Withdrawn on"]) == (
        "Wang Ming",
        certificate.number,
        "1",
        "",
    )
    assert row["Address"] == f"http://127.0.0.1:8000/certificates/{certificate.number}/"
    assert [(row["Course id"], row["SHA-256"]) for row in table(pack, "releases.csv")] == [("tea-room", release.digest)]
    assert [row["SHA-256"] for row in table(pack, "seals.csv")] == [kept.digest]
    assert "sha256sum -c SHA256SUMS" in pack.read("how-to-verify.en.txt").decode()
    assert "如何核验" in pack.read("how-to-verify.zh-hans.txt").decode()


def test_its_manifest_is_what_sha256sum_checks_and_the_log_knows_the_digest_of_it(client, team, tmp_path):
    complete_course(learner_of(team))
    pack = download(client)
    pack.extractall(tmp_path)
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout.count(": OK")) == (0, len(NAMES) - 1)
    (tmp_path / "people.csv").write_bytes(b"forged")
    assert subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True).returncode
    event = Event.objects.get(verb="audit-pack-made")
    today = timezone.localdate()
    assert event.actor_id == team.manager.pk
    assert event.data["sha256"] == hashlib.sha256(pack.read("SHA256SUMS")).hexdigest()
    assert (event.data["rows"], event.data["first"]) == (1, today.replace(day=1).isoformat())


def test_certificates_of_another_period_are_not_in_it(client, team):
    complete_course(learner_of(team))
    last_year = date(timezone.localdate().year - 1, 1, 1)
    response = client.get(f"/team/reports/pack.zip?first={last_year}&last={last_year + timedelta(days=9)}")
    pack = ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert table(pack, "certificates.csv") == [] and len(table(pack, "people.csv")) == 1


def test_who_has_left_is_in_it_where_that_was_asked(client, team):
    run = learner_of(team, "Gone")
    complete_course(run)
    User.objects.filter(pk=run.learner_id).update(is_active=False)
    for query, names in (("", []), ("left=on", ["Gone"])):
        pack = download(client, query)
        found = [[row["Name"] for row in table(pack, name)] for name in ("people.csv", "certificates.csv")]
        assert found == [names, names]


def test_more_people_than_a_workbook_takes_are_in_the_csv_file_alone(client, team, monkeypatch):
    monkeypatch.setattr(audit_packs, "ROWS_OF_A_WORKBOOK", 1)
    for _ in range(2):
        learner_of(team)
    pack = download(client)
    assert pack.namelist() == [name for name in NAMES if name != "people.xlsx"]
    assert len(table(pack, "people.csv")) == 2


def test_an_auditor_gets_one_of_the_firm_and_who_leads_nobody_gets_none(client, team):
    learner_of(team, "Wang Ming")
    client.force_login(make_auditor())
    assert [row["Name"] for row in table(download(client), "people.csv")] == ["Wang Ming"]
    client.force_login(make_user())
    assert client.get("/team/reports/pack.zip").status_code == 404
    assert Event.objects.filter(verb="audit-pack-made").count() == 1
