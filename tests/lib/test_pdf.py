"""PDF files: text, fonts, tags, QR codes."""

import hashlib
import io
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typst
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from courseware.lib.text import pdf
from courseware.lib.text.pdf import NoGlyph, draw_pdf, qr_svg

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
TEMPLATE = """
#let data = json(bytes(sys.inputs.data))
#set document(title: data.name)
#set text(font: "Noto Sans SC", lang: "zh")
= #data.name
*Certificate*
"""


def text_of(body: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)


@pytest.mark.parametrize("name", ["孙悦", "O’Brien", "㛃䶮𬭎𪣻𫖯𬱖", '#eval("1") *b* $x$ \\ <a>', "#sys.inputs"])
def test_name_is_not_parsed_as_markup(name):
    text = text_of(draw_pdf(TEMPLATE, {"name": name}, NOW))
    assert text.splitlines()[0].strip() == name


@pytest.mark.parametrize(("name", "lacking"), [("𠮷田", "𠮷"), ("\ue000明", "U+E000"), ("Mia 😀", "😀"), ("𬎆", "𬎆")])
def test_missing_glyph_is_refused_by_name(name, lacking):
    with pytest.raises(NoGlyph) as refused:
        draw_pdf(TEMPLATE, {"name": name}, NOW)
    assert str(refused.value) == lacking


@pytest.mark.slow
def test_empty_font_folder_changes_nothing(tmp_path):
    same = draw_pdf(TEMPLATE, {"name": "孙悦"}, NOW, more_fonts=[str(tmp_path)])
    assert same == draw_pdf(TEMPLATE, {"name": "孙悦"}, NOW)


def test_pdf_is_tagged_with_title_and_language():
    body = draw_pdf(TEMPLATE, {"name": "孙悦"}, NOW)
    read = PdfReader(io.BytesIO(body))
    root = read.trailer["/Root"]
    assert (root["/MarkInfo"]["/Marked"], root["/Lang"], root["/ViewerPreferences"]["/DisplayDocTitle"]) == (
        True,
        "zh",
        True,
    )
    assert read.metadata.title == "孙悦"
    assert b"pdfuaid:part" in body


@pytest.mark.slow
def test_pdf_bytes_are_deterministic():
    expected = hashlib.sha256(draw_pdf(TEMPLATE, {"name": "孙悦"}, NOW)).hexdigest()
    pdf.fonts_in.cache_clear()  # as in a new process
    drawn: list[str] = []

    def draw_once():
        drawn.append(hashlib.sha256(draw_pdf(TEMPLATE, {"name": "孙悦"}, NOW)).hexdigest())

    threads = [threading.Thread(target=draw_once) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [expected] * 4


def test_shipped_fonts_match_checksums():
    listed = dict(reversed(line.split()) for line in (pdf.FONTS / "SHA256SUMS").read_text().splitlines())
    shipped = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in pdf.FONTS.iterdir()
        if path.name != "SHA256SUMS"
    }
    assert {Path(name).name: digest for name, digest in listed.items()} == shipped


def test_qr_code_contains_url():
    address = "https://training.example.com/certificates/K7QM3X9DHFA48/"
    template = b"#set page(width: 5cm, height: 5cm)\n#image(bytes(sys.inputs.qr))"
    shown = typst.compile(template, format="png", sys_inputs={"qr": qr_svg(address).decode()})
    assert zxingcpp.read_barcode(Image.open(io.BytesIO(shown))).text == address
