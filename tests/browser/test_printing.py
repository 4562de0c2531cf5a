"""What is printed is paper, whatever the screen looks like."""

import pytest

BLACK, WHITE = "rgb(0, 0, 0)", "rgb(255, 255, 255)"
COLOURS = """() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"""


@pytest.mark.parametrize("chosen", ["auto", "dark"], ids=["the device is dark", "the reader chose dark"])
def test_a_dark_page_is_printed_black_on_white(visit, chosen):
    page = visit(color_scheme="dark")
    page.add_init_script(f"localStorage.setItem('theme', '{chosen}')")
    page.goto("/accounts/login/")
    assert page.evaluate(COLOURS) != [BLACK, WHITE]
    page.emulate_media(media="print")
    assert page.evaluate(COLOURS) == [BLACK, WHITE]
