"""Accessibility of the pages that compare and merge two accounts."""

import pytest

from tests.browser.test_accessibility import assert_fine, languages

pytestmark = pytest.mark.slow


@languages()
def test_merge_pages_are_accessible(language, visit, world):
    hr, kept, other = (world.people[role] for role in ("HR", "learner", "other learner"))
    page = visit(hr, language=language)
    assert_fine(page, [f"/people/{kept.pk}/merge/?other={other.email}", f"/people/{kept.pk}/merge/?other=nobody"])
    page.goto(f"/people/{kept.pk}/merge/")
    page.locator("[name=other]").fill(other.email)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    with page.expect_navigation():
        page.locator("main form button").click()
    assert_fine(page, [f"/people/{kept.pk}/", f"/people/{other.pk}/", "/people/merges/"])
