"""Files to print: what a reader of PDF finds in them, and what is refused."""

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
def test_a_name_is_drawn_as_it_is_written_and_is_no_markup(name):
    said = text_of(draw_pdf(TEMPLATE, {"name": name}, NOW))
    assert said.splitlines()[0].strip() == name


@pytest.mark.parametrize(("name", "lacking"), [("𠮷田", "𠮷"), ("\ue000明", "U+E000"), ("Mia 😀", "😀"), ("𬎆", "𬎆")])
def test_a_sign_that_the_fonts_lack_is_named_and_nothing_is_drawn_instead(name, lacking):
    with pytest.raises(NoGlyph) as refused:
        draw_pdf(TEMPLATE, {"name": name}, NOW)
    assert str(refused.value) == lacking


def test_a_further_folder_is_read_and_one_that_holds_nothing_changes_nothing(tmp_path):
    same = draw_pdf(TEMPLATE, {"name": "孙悦"}, NOW, more_fonts=[str(tmp_path)])
    assert same == draw_pdf(TEMPLATE, {"name": "孙悦"}, NOW)


def test_the_file_is_tagged_titled_and_in_a_language_as_screen_readers_ask():
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


def test_the_same_words_are_the_same_bytes_in_every_process_and_thread():
    expected = hashlib.sha256(draw_pdf(TEMPLATE, {"name": "孙悦"}, NOW)).hexdigest()
    pdf.fonts_in.cache_clear()  # as in a process that has drawn nothing
    drawn: list[str] = []

    def draw_once():
        drawn.append(hashlib.sha256(draw_pdf(TEMPLATE, {"name": "孙悦"}, NOW)).hexdigest())

    threads = [threading.Thread(target=draw_once) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [expected] * 4


def test_the_fonts_that_are_shipped_are_those_that_were_packed():
    told = dict(reversed(line.split()) for line in (pdf.FONTS / "SHA256SUMS").read_text().splitlines())
    kept = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in pdf.FONTS.iterdir()
        if path.name != "SHA256SUMS"
    }
    assert {Path(name).name: digest for name, digest in told.items()} == kept


def test_a_qr_code_leads_to_its_address():
    address = "https://training.example.com/certificates/K7QM3X9DHFA48/"
    template = b"#set page(width: 5cm, height: 5cm)\n#image(bytes(sys.inputs.qr))"
    shown = typst.compile(template, format="png", sys_inputs={"qr": qr_svg(address).decode()})
    assert zxingcpp.read_barcode(Image.open(io.BytesIO(shown))).text == address
