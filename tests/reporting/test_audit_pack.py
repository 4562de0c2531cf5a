"""The audit pack: content, checksums and its event in the audit log."""

import csv
import hashlib
import io
import subprocess
from datetime import date, timedelta
from zipfile import ZipFile

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from courseware.accounts.models import User
from courseware.assessment.certificates.issuing import revoke_certificate
from courseware.assessment.certificates.pdf import render_pdfs
from courseware.assessment.models import Certificate, CertificatePdf
from courseware.audit_log.checkpoints import create_checkpoint
from courseware.audit_log.models import Event
from courseware.content.models import Release
from courseware.learning.status.headcounts import Headcount
from courseware.reporting.dashboard import rows
from courseware.reporting.exports import audit_pack
from tests.making import make_admin, make_team
from tests.reporting.dashboards import learner_of
from tests.world import complete_course

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
NAMES = [
    "people.csv", "people.xlsx", "report.csv", "certificates.csv", "releases.csv", "checkpoints.csv",
    "how-to-verify.zh-hans.txt", "how-to-verify.en.txt", "SHA256SUMS",
]  # fmt: skip


def this_month():
    today = timezone.localdate()
    return f"/team/reports/audit-pack.zip?first={today:%Y-%m}&last={today:%Y-%m}"


def download(client, query=""):
    response = client.get(f"{this_month()}&{query}")
    assert response["Content-Type"] == "application/zip"
    return ZipFile(io.BytesIO(b"".join(response.streaming_content)))


def table(pack, name):
    return list(csv.DictReader(io.StringIO(pack.read(name).decode("utf-8-sig"), newline="")))


def test_pack_holds_people_report_certificates_and_checksums(client, team):
    enrollment = learner_of(team, "Wang Ming")
    complete_course(enrollment)
    learner_of(make_team("Elsewhere"), "Zhao Lei")
    checkpoint = create_checkpoint()
    pack = download(client)
    certificate, release = enrollment.certificate, Release.objects.get()
    pdf = CertificatePdf.objects.get()
    assert pack.namelist() == [*NAMES[:6], f"certificates/{certificate.number}.pdf", *NAMES[6:]]
    assert hashlib.sha256(pack.read(f"certificates/{certificate.number}.pdf")).hexdigest() == pdf.digest
    assert {each.date_time[:3] for each in pack.infolist()} == {timezone.localdate().timetuple()[:3]}
    assert [row["Name"] for row in table(pack, "people.csv")] == ["Wang Ming"]
    assert [(row["Team"], row["Finished"]) for row in table(pack, "report.csv")] == [("Night shift", "1")]
    [row] = table(pack, "certificates.csv")
    assert (row["Name"], row["Certificate number"], row["Release"], row["Revoked on"]) == (
        "Wang Ming",
        certificate.number,
        "1",
        "",
    )
    assert row["Address"] == f"http://127.0.0.1:8000/certificates/{certificate.number}/"
    assert [(row["Course id"], row["SHA-256"]) for row in table(pack, "releases.csv")] == [("tea-room", release.digest)]
    assert [row["SHA-256"] for row in table(pack, "checkpoints.csv")] == [checkpoint.digest]
    assert "sha256sum -c SHA256SUMS" in pack.read("how-to-verify.en.txt").decode()
    assert "如何核验" in pack.read("how-to-verify.zh-hans.txt").decode()


def test_manifest_verifies_and_its_checksum_is_logged(client, team, tmp_path):
    complete_course(learner_of(team))
    pack = download(client)
    pack.extractall(tmp_path)
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout.count(": OK")) == (0, len(NAMES))
    (tmp_path / "people.csv").write_bytes(b"forged")
    assert subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True).returncode
    event = Event.objects.get(verb="audit-pack-created")
    today = timezone.localdate()
    assert event.actor_id == team.manager.pk
    assert event.data["sha256"] == hashlib.sha256(pack.read("SHA256SUMS")).hexdigest()
    assert (event.data["rows"], event.data["first"]) == (1, today.replace(day=1).isoformat())


def test_logged_row_counts_ignore_headcounts(client, team, monkeypatch):
    monkeypatch.setattr(rows, "MANY_TEAMS", 0)
    learner_of(team)
    Headcount.objects.update(number=1000)
    download(client)
    for name in ("dashboard.csv", "dashboard.xlsx"):
        assert client.get(f"/team/{name}").status_code == 200
    exports = Event.objects.filter(verb__in=["audit-pack-created", "dashboard-exported"])
    assert [event.data["rows"] for event in exports] == [1, 1, 1]


def test_certificates_of_other_periods_are_left_out(client, team):
    complete_course(learner_of(team))
    last_year = date(timezone.localdate().year - 1, 1, 1)
    response = client.get(f"/team/reports/audit-pack.zip?first={last_year}&last={last_year + timedelta(days=9)}")
    pack = ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert table(pack, "certificates.csv") == [] and len(table(pack, "people.csv")) == 1


def test_people_who_left_are_included_only_if_requested(client, team):
    enrollment = learner_of(team, "Gone")
    complete_course(enrollment)
    User.objects.filter(pk=enrollment.learner_id).update(is_active=False)
    for query, names in (("", []), ("left=on", ["Gone"])):
        pack = download(client, query)
        found = [[row["Name"] for row in table(pack, name)] for name in ("people.csv", "certificates.csv")]
        assert found == [names, names]


def test_pack_above_excel_limit_has_csv_only(client, team, monkeypatch):
    monkeypatch.setattr(audit_pack, "ROWS_OF_A_WORKBOOK", 1)
    for _ in range(2):
        learner_of(team)
    pack = download(client)
    assert pack.namelist() == [name for name in NAMES if name != "people.xlsx"]
    assert len(table(pack, "people.csv")) == 2


def test_revoked_or_unprintable_certificate_has_no_pdf(client, team):
    enrollments = [learner_of(team, name) for name in ("Wang Ming", "𠮷田", "Li Lei")]
    for enrollment in enrollments:
        complete_course(enrollment)
    revoke_certificate(enrollments[2].certificate, reason="A mistake", by=make_admin())
    pack = download(client)
    assert len(table(pack, "certificates.csv")) == 3
    files = [name for name in pack.namelist() if name.startswith("certificates/")]
    assert files == [f"certificates/{enrollments[0].certificate.number}.pdf"]


def test_many_missing_pdfs_are_rendered_by_worker_first(client, team, monkeypatch):
    monkeypatch.setattr(audit_pack, "DRAWN_MEANWHILE", 1)
    for _ in range(2):
        complete_course(learner_of(team))
    response = client.get(this_month())
    assert response.status_code == 302 and not Event.objects.filter(verb="audit-pack-created").exists()
    assert "The PDFs of 2 certificates are being created" in client.get(response["Location"]).text
    [task] = DBTaskResult.objects.filter(task_path__endswith=".render_pdfs")
    assert not CertificatePdf.objects.exists()
    for _ in range(2):  # a task may be begun again
        render_pdfs.func(*task.args_kwargs["args"])
    assert CertificatePdf.objects.count() == 2
    pack = download(client)
    assert [name for name in pack.namelist() if name.endswith(".pdf")] == [
        f"certificates/{each.number}.pdf" for each in Certificate.objects.order_by("issued_at", "pk")
    ]


def test_pack_does_not_wait_for_unprintable_certificates(client, team, monkeypatch):
    monkeypatch.setattr(audit_pack, "DRAWN_MEANWHILE", 1)
    enrollments = [learner_of(team, name) for name in ("Wang Ming", "𠮷田", "𠮷川")]
    for enrollment in enrollments:
        complete_course(enrollment)
    assert client.get(this_month()).status_code == 302
    tasks = DBTaskResult.objects.filter(task_path__endswith=".render_pdfs")
    render_pdfs.func(*tasks.get().args_kwargs["args"])
    tasks.update(status="SUCCESSFUL")
    files = [name for name in download(client).namelist() if name.startswith("certificates/")]
    assert files == [f"certificates/{enrollments[0].certificate.number}.pdf"]
    assert tasks.filter(status="READY").count() == 1  # a font may have been added
