"""Audit packs: people, report, certificates and proofs in a ZIP file; its last file has the digests of the others."""

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
from courseware.assessment.certificates.pdf import pdfs_of, render_pdfs, tried_in
from courseware.assessment.models import Certificate, CertificatePdf
from courseware.audit_log.models import Checkpoint
from courseware.content.models import Release
from courseware.lib.db.chunks import batches, chunks
from courseware.lib.text.csv_rows import encoded
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard.totals import DashboardCount
from courseware.reporting.exports.columns import ROWS_OF_A_WORKBOOK, Column, Fact, dashboard_workbook, site_time, texts
from courseware.reporting.statistics.period_report import REPORT_COLUMNS, PeriodReport

CHUNK = 500  # rows held in memory at a time
PIECE = 64 * 1024  # bytes
PAPERS = 100  # files of certificates held in memory at a time, some 40 KB each
DRAWN_MEANWHILE = 200  # certificates drawn while the user waits: two or three seconds
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
    Column("weight", gettext_lazy("Impact"), lambda each: each.weight),
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
    """`count` has the rows of the dashboard; `facts` are those of its workbook."""

    count: DashboardCount
    runs: QuerySet
    report: PeriodReport
    facts: list[Fact]


class AuditPack(NamedTuple):
    """`digest`: of the manifest, which names those of all other files."""

    file: IO[bytes]
    digest: str


def audit_pack(contents: PackContents, language: str) -> AuditPack:
    """An open file, at its beginning; the caller closes it."""
    file = TemporaryFile()  # noqa: SIM115 - as said
    with ZipFile(file, "w") as pack:
        digests = {name: put(pack, name, pieces, contents.count.at) for name, pieces in files_of(contents, language)}
        manifest = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
        digest = put(pack, MANIFEST, [manifest.encode()], contents.count.at)
    file.seek(0)
    return AuditPack(file, digest)


def put(pack: ZipFile, name: str, pieces: Iterable[bytes], at: datetime) -> str:
    """Returns the SHA-256 of what was written."""
    digest = hashlib.sha256()
    entry = ZipInfo(name, site_time(at).timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    with pack.open(entry, "w", force_zip64=True) as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
    return digest.hexdigest()


def files_of(contents: PackContents, language: str) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Name and pieces of each file; a file is made when the one before was taken."""
    yield "people.csv", encoded(texts(people_in(contents, language), language))
    if contents.count.number <= ROWS_OF_A_WORKBOOK:
        with dashboard_workbook(people_in(contents, language), contents.facts, language) as workbook:
            yield "people.xlsx", iter(lambda: workbook.read(PIECE), b"")
    for name, columns, rows in (
        ("report.csv", REPORT_COLUMNS, contents.report.lines),
        ("certificates.csv", CERTIFICATE_COLUMNS, row_by_row(certificates_in(contents))),
        ("releases.csv", RELEASE_COLUMNS, row_by_row(releases_in(contents))),
        ("checkpoints.csv", SEAL_COLUMNS, row_by_row(checkpoints_in(contents))),
    ):
        yield name, encoded(texts(rows, language, columns=columns))
    for certificate, paper in pdfs_in(contents, language):
        yield f"certificates/{certificate.number}.pdf", [bytes(paper.body)]
    for code, _name in settings.LANGUAGES:
        yield f"how-to-verify.{code}.txt", [how_to_verify(contents, code)]


def people_in(contents: PackContents, language: str) -> Iterator[dashboard_rows.DashboardRow]:
    count = contents.count
    rows = dashboard_rows.sorted_within_reason(count.rows, count.number, None, count.user)
    return dashboard_rows.rows_in_chunks(rows, dict(count.teams), language, count.at)


def certificates_in(contents: PackContents) -> QuerySet:
    """Certificates issued within the period, including those withdrawn since."""
    issued = Certificate.objects.filter(
        contents.report.period.contains("issued_at"), enrollment__in=contents.runs.values("pk")
    )
    return issued.select_related("enrollment__course", "release").defer("release__outlines").order_by("issued_at", "pk")


def pdfs_in(contents: PackContents, language: str) -> Iterator[tuple[Certificate, CertificatePdf]]:
    """Fetched by keys, not in `chunks`: missing files are written meanwhile, unless they are too many."""
    draws = len(lacking_in(contents, language)) <= DRAWN_MEANWHILE
    for keys in batches(list(certificates_in(contents).values_list("pk", flat=True)), PAPERS):
        some = certificates_in(contents).filter(pk__in=keys)
        yield from pdfs_of(list(some), language, by=contents.count.user, draws=draws)


def lacking_in(contents: PackContents, language: str) -> list[int]:
    """Keys of the certificates that have no file yet."""
    lacking = certificates_in(contents).filter(revoked_at=None)
    lacking = lacking.exclude(pk__in=CertificatePdf.objects.filter(language=language).values("certificate"))
    return list(lacking.values_list("pk", flat=True))


def drawn_later(contents: PackContents, language: str) -> int:
    """Number of certificates without a file that a worker makes now, because they are too many; otherwise 0.

    Those that a worker failed to draw before are tried again, but not counted: a pack does not wait for them.
    """
    keys = lacking_in(contents, language)
    if len(keys) <= DRAWN_MEANWHILE:
        return 0
    tried = tried_in(language)
    for some in batches(keys, CHUNK):
        render_pdfs.enqueue(some, language, contents.count.user.pk)
    return len(set(keys) - tried)


def releases_in(contents: PackContents) -> QuerySet:
    """Releases up to the end of the period, of the courses in the report; certificates name older ones, too."""
    courses = [identifier for identifier, _title in contents.report.courses]
    _begin, end = contents.report.period.span
    found = Release.objects.filter(course__identifier__in=courses, created_at__lt=end)
    return found.select_related("course").defer("outlines").order_by("course", "number")


def checkpoints_in(contents: PackContents) -> QuerySet:
    begin, _end = contents.report.period.span
    return Checkpoint.objects.filter(at__gte=begin).order_by("number")


def row_by_row(rows: QuerySet) -> Iterator[Any]:
    for some in chunks(rows, CHUNK):
        yield from some


def how_to_verify(contents: PackContents, language: str) -> bytes:
    with translation.override(language):
        words = {
            "period": contents.report.period,
            "at": contents.count.at,
            "site": settings.SITE_URL,
            "manifest": MANIFEST,
        }
        return render_to_string("reporting/how_to_verify.txt", words).encode()
