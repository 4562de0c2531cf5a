"""Uploaded logos: conversion to PNG and refused files."""

import io

import pytest
from PIL import Image, PngImagePlugin

from courseware.branding.logos import InvalidLogo, make_logo


def picture(kind="PNG", size=(60, 20), colour=(200, 16, 46), **options):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_image_is_converted_to_png_of_same_size(kind):
    logo = make_logo(io.BytesIO(picture(kind)))
    drawn = Image.open(io.BytesIO(logo.body))
    assert (drawn.format, drawn.size, (logo.width, logo.height)) == ("PNG", (60, 20), (60, 20))
    assert max(abs(one - two) for one, two in zip(drawn.getpixel((30, 10)), (200, 16, 46, 255), strict=True)) < 10


def test_metadata_is_removed():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "a secret place")
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    for body in (picture(pnginfo=notes), picture("JPEG", exif=exif), picture() + b"<script>alert(1)</script>"):
        kept = make_logo(io.BytesIO(body)).body
        assert not [word for word in (b"secret", b"home", b"script") if word in kept]
    assert Image.open(io.BytesIO(kept)).info == {}


def test_large_image_is_scaled_down():
    logo = make_logo(io.BytesIO(picture(size=(3000, 1500))))
    assert (logo.width, logo.height) == (320, 160)


def test_same_image_has_same_digest():
    assert make_logo(io.BytesIO(picture())).digest == make_logo(io.BytesIO(picture())).digest
    assert make_logo(io.BytesIO(picture())).digest != make_logo(io.BytesIO(picture(colour=(0, 0, 0)))).digest


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "kind"),
        (picture()[:60], "kind"),
        (picture("TIFF"), "kind"),
        (picture("BMP"), "kind"),
        (picture() + b" " * 1024 * 1024, "size"),
        (picture(size=(5000, 4001)), "points"),
    ],
)
def test_invalid_logo_is_refused_with_reason(body, why):
    with pytest.raises(InvalidLogo) as refused:
        make_logo(io.BytesIO(body))
    assert str(refused.value) == why
