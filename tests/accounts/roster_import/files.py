"""Roster files as companies have them, and hostile ones."""

import io
import zipfile

import xlsxwriter


def xlsx(*rows):
    """A workbook of one sheet. A cell is a text, a number, a date, ("formula", stored value) or None."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"default_date_format": "yyyy-mm-dd"}) as workbook:
        sheet = workbook.add_worksheet("People")
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, tuple):
                    sheet.write_formula(at, column, f"={cell[0]}", value=cell[1] or "")
                else:
                    sheet.write(at, column, cell)
    return file.getvalue()


def packed(sheet, strings=""):
    """A workbook with this XML instead of its sheet and its shared strings."""
    parts = {"xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": strings}
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(("A",)))) as plain,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in plain.namelist():
            archive.writestr(name, parts.get(name) or plain.read(name))
    return file.getvalue()


def csv_file(*rows, delimiter=",", encoding="utf-8"):
    return "".join(delimiter.join(row) + "\r\n" for row in rows).encode(encoding)
