"""Audit packs: a ZIP file with people, report, certificates, releases and checkpoints, and a list of checksums."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.conf import settings
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy

from courseware.assessment.certificates.facts import FACTS
from courseware.assessment.certificates.pdf import pdfs_of, recently_rendered, render_pdfs
from courseware.assessment.models import Certificate, CertificatePdf
from courseware.audit_log.models import Checkpoint
from courseware.content.models import Release
from courseware.lib.db.chunks import batches, chunks
from courseware.lib.text.csv_rows import csv_bytes
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard.totals import DashboardCount
from courseware.reporting.exports.columns import ROWS_OF_A_WORKBOOK, Column, Fact, dashboard_workbook, site_time, texts
from courseware.reporting.statistics.period_report import REPORT_COLUMNS, PeriodReport

CHUNK = 500  # rows held in memory at a time
PIECE = 64 * 1024  # bytes
PAPERS = 100  # certificate PDFs held in memory at a time, about 40 KB each
DRAWN_MEANWHILE = 200  # missing PDFs created while the user waits, in 2 to 3 seconds
MANIFEST = "SHA256SUMS"

CERTIFICATE_COLUMNS: tuple[Column, ...] = (
    Column("name", gettext_lazy("Name"), lambda each: each.holder),
    Column("course", gettext_lazy("Course id"), lambda each: each.enrollment.course.identifier),
    Column("number", gettext_lazy("Certificate number"), lambda each: each.number),
    *(Column(fact.exported_as, fact.label, fact.in_export) for fact in FACTS if fact.label),
    Column("revoked_at", gettext_lazy("Revoked on"), lambda each: each.revoked_at),
    Column("address", gettext_lazy("Address"), lambda each: settings.SITE_URL + certificate_address(each)),
)
RELEASE_COLUMNS: tuple[Column, ...] = (
    Column("course", gettext_lazy("Course id"), lambda each: each.course.identifier),
    Column("release", gettext_lazy("Release"), lambda each: each.number),
    Column("released_at", gettext_lazy("Released at"), lambda each: each.created_at),
    Column("digest", gettext_lazy("SHA-256"), lambda each: each.digest),
    Column("impact", gettext_lazy("Impact"), lambda each: each.impact),
    Column("note", gettext_lazy("What changed, and why"), lambda each: each.note),
)
SEAL_COLUMNS: tuple[Column, ...] = (
    Column("number", gettext_lazy("Checkpoint"), lambda each: each.number),
    Column("at", gettext_lazy("Time"), lambda each: each.at),
    Column("last_event", gettext_lazy("Last event"), lambda each: each.last_event),
    Column("digest", gettext_lazy("SHA-256"), lambda each: each.digest),
)


def certificate_address(certificate: Certificate) -> str:
    return reverse("assessment:certificate", args=[certificate.number])


@dataclass(frozen=True)
class PackContents:
    """Source of an audit pack. `count`: the dashboard rows; `runs`: the enrollments; `facts`: second worksheet."""

    count: DashboardCount
    runs: QuerySet
    report: PeriodReport
    facts: list[Fact]


class AuditPack(NamedTuple):
    """An open ZIP file, and the SHA-256 of its manifest, which holds the SHA-256 of all other files."""

    file: IO[bytes]
    digest: str


def audit_pack(contents: PackContents, language: str) -> AuditPack:
    """Return the pack with texts in this language; create missing PDFs, see `pdfs_in`. The caller closes its file."""
    file = TemporaryFile()  # noqa: SIM115 - the caller closes it
    with ZipFile(file, "w") as pack:
        digests = {name: put(pack, name, pieces, contents.count.at) for name, pieces in files_of(contents, language)}
        manifest = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
        digest = put(pack, MANIFEST, [manifest.encode()], contents.count.at)
    file.seek(0)
    return AuditPack(file, digest)


def put(pack: ZipFile, name: str, pieces: Iterable[bytes], at: datetime) -> str:
    """Write a file (chunks of bytes) into the ZIP, dated `at`, and return its SHA-256 as hex."""
    digest = hashlib.sha256()
    entry = ZipInfo(name, site_time(at).timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    with pack.open(entry, "w", force_zip64=True) as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
    return digest.hexdigest()


def files_of(contents: PackContents, language: str) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield (name, chunks of bytes) of each file. Consume the chunks before the next file."""
    yield "people.csv", csv_bytes(texts(people_in(contents, language), language))
    if contents.count.number <= ROWS_OF_A_WORKBOOK:
        with dashboard_workbook(people_in(contents, language), contents.facts, language) as workbook:
            yield "people.xlsx", iter(lambda: workbook.read(PIECE), b"")
    for name, columns, rows in (
        ("report.csv", REPORT_COLUMNS, contents.report.lines),
        ("certificates.csv", CERTIFICATE_COLUMNS, row_by_row(certificates_in(contents))),
        ("releases.csv", RELEASE_COLUMNS, row_by_row(releases_in(contents))),
        ("checkpoints.csv", SEAL_COLUMNS, row_by_row(checkpoints_in(contents))),
    ):
        yield name, csv_bytes(texts(rows, language, columns=columns))
    for certificate, pdf in pdfs_in(contents, language):
        yield f"certificates/{certificate.number}.pdf", [bytes(pdf.body)]
    for code, _name in settings.LANGUAGES:
        yield f"how-to-verify.{code}.txt", [how_to_verify(contents, code)]


def people_in(contents: PackContents, language: str) -> Iterator[dashboard_rows.DashboardRow]:
    count = contents.count
    rows = dashboard_rows.sort_rows(count.rows, count.number, None, count.user)
    return dashboard_rows.rows_in_chunks(rows, dict(count.teams), language, count.at)


def certificates_in(contents: PackContents) -> QuerySet:
    """Return certificates of the enrollments `contents.runs` issued in the period, including those revoked since."""
    issued = Certificate.objects.filter(
        contents.report.period.contains("issued_at"), enrollment__in=contents.runs.values("pk")
    )
    return issued.select_related("enrollment__course", "release").defer("release__outlines").order_by("issued_at", "pk")


def pdfs_in(contents: PackContents, language: str) -> Iterator[tuple[Certificate, CertificatePdf]]:
    """Yield (certificate, PDF) if there is one. Creates missing PDFs only if at most DRAWN_MEANWHILE are missing."""
    # By ids, not in `chunks`, because PDFs are written meanwhile.
    draws = len(lacking_in(contents, language)) <= DRAWN_MEANWHILE
    for keys in batches(list(certificates_in(contents).values_list("pk", flat=True)), PAPERS):
        batch = certificates_in(contents).filter(pk__in=keys)
        yield from pdfs_of(list(batch), language, by=contents.count.user, draws=draws)


def lacking_in(contents: PackContents, language: str) -> list[int]:
    """Return ids of the unrevoked certificates without a PDF in this language."""
    missing = certificates_in(contents).filter(revoked_at=None)
    missing = missing.exclude(pk__in=CertificatePdf.objects.filter(language=language).values("certificate"))
    return list(missing.values_list("pk", flat=True))


def queue_missing_pdfs(contents: PackContents, language: str) -> int:
    """If more than DRAWN_MEANWHILE PDFs are missing, queue jobs that create them; return how many to wait for, else 0.
    PDFs that a job failed to create are queued again but not counted.
    """
    keys = lacking_in(contents, language)
    if len(keys) <= DRAWN_MEANWHILE:
        return 0
    tried = recently_rendered(language)
    for batch in batches(keys, CHUNK):
        render_pdfs.enqueue(batch, language, contents.count.user.pk)
    return len(set(keys) - tried)


def releases_in(contents: PackContents) -> QuerySet:
    """Return all releases of the reported courses up to the end of the period: certificates may name old ones."""
    courses = [identifier for identifier, _title in contents.report.courses]
    _begin, end = contents.report.period.span
    found = Release.objects.filter(course__identifier__in=courses, created_at__lt=end)
    return found.select_related("course").defer("outlines").order_by("course", "number")


def checkpoints_in(contents: PackContents) -> QuerySet:
    """Return audit log checkpoints from the start of the period on, also after its end."""
    begin, _end = contents.report.period.span
    return Checkpoint.objects.filter(at__gte=begin).order_by("number")


def row_by_row(rows: QuerySet) -> Iterator[Any]:
    for batch in chunks(rows, CHUNK):
        yield from batch


def how_to_verify(contents: PackContents, language: str) -> bytes:
    with translation.override(language):
        context = {
            "period": contents.report.period,
            "at": contents.count.at,
            "site": settings.SITE_URL,
            "manifest": MANIFEST,
        }
        return render_to_string("reporting/how_to_verify.txt", context).encode()
