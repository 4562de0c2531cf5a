"""Files as firms have them, and as nobody should."""

import io
import zipfile
from datetime import date
from xml.sax.saxutils import escape

TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/>'
    '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def xlsx(*rows, cells=""):
    """A workbook of one sheet. A cell is a text, a number, a date, ("formula", stored value) or None."""
    lines = "".join(f'<row r="{at}">{line_of(row, at)}</row>' for at, row in enumerate(rows, start=1))
    return packed(f'<worksheet xmlns="{MAIN}"><sheetData>{lines}{cells}</sheetData></worksheet>')


def packed(sheet, strings=""):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", relations(("r1", f"{OFFICE}/officeDocument", "xl/workbook.xml")))
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="People" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
        )
        links = [("r1", f"{OFFICE}/worksheet", "worksheets/sheet1.xml"), ("r2", f"{OFFICE}/styles", "styles.xml")]
        links += [("r3", f"{OFFICE}/sharedStrings", "sharedStrings.xml")] if strings else []
        archive.writestr("xl/_rels/workbook.xml.rels", relations(*links))
        archive.writestr("xl/styles.xml", STYLES)
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        if strings:
            archive.writestr("xl/sharedStrings.xml", strings)
    return file.getvalue()


def relations(*links):
    rows = "".join(f'<Relationship Id="{key}" Type="{kind}" Target="{target}"/>' for key, kind, target in links)
    return f'<Relationships xmlns="{RELATIONS}">{rows}</Relationships>'


def line_of(row, at):
    return "".join(cell_of(cell, f"{chr(ord('A') + place)}{at}") for place, cell in enumerate(row))


def cell_of(cell, place):
    if cell is None:
        return ""
    if isinstance(cell, tuple):
        formula, stored = cell
        value = "" if stored is None else f"<v>{stored}</v>"
        return f'<c r="{place}" t="str"><f>{escape(formula)}</f>{value}</c>'
    if isinstance(cell, date):
        return f'<c r="{place}" s="1"><v>{(cell - date(1899, 12, 30)).days}</v></c>'
    if isinstance(cell, int | float):
        return f'<c r="{place}"><v>{cell}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'


def csv_file(*rows, delimiter=",", encoding="utf-8"):
    return "".join(delimiter.join(row) + "\r\n" for row in rows).encode(encoding)
