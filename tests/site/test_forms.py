"""Labels, hints and errors of forms belong to their controls."""

import pytest
from bs4 import BeautifulSoup
from crispy_forms.utils import render_crispy_form

from courseware.accounts.sign_in.forms import ChangePasswordForm, SignInForm
from courseware.learning.lessons.forms import JobRoleForm, SurveyForm
from courseware.learning.manager_actions.exemption import ExemptForm
from courseware.learning.manager_actions.extra_time import ExtraTimeForm

QUESTIONS = [
    {"id": "way", "kind": "one", "title": "Which way?", "html": "<p>From home.</p>", "choices": ["bus", "bicycle"]},
    {"id": "more", "kind": "open", "title": "What else?", "html": ""},
]
WRONG = {
    "q-way": "7",
    "q-more": "x" * 2001,
    "login": "no address",
}
# Form → how many of its controls are refused.
FORMS = {
    "sign-in": (lambda: SignInForm(WRONG), 1),
    "change of password": (lambda: ChangePasswordForm(data=WRONG), 3),
    "exempt": (lambda: ExemptForm(WRONG), 1),
    "job_role": (lambda: JobRoleForm(WRONG, tracks={"phone": "Phone", "chat": "Chat"}), 1),
    "survey": (lambda: SurveyForm(WRONG, questions=QUESTIONS), 2),
}


def page_of(form):
    return BeautifulSoup(render_crispy_form(form), "html.parser")


def groups(page):
    """Fieldsets, and controls outside of fieldsets."""
    alone = [control for control in page.select("input, select, textarea") if control.get("type") != "hidden"]
    return page.select("fieldset") + [control for control in alone if not control.find_parent("fieldset")]


def described(page, group):
    return [page.find(id=identifier) for identifier in group.get("aria-describedby", "").split()]


@pytest.mark.parametrize(("make", "refused"), FORMS.values(), ids=FORMS)
def test_every_control_has_label_hint_and_error(make, refused):
    form = make()
    page = page_of(form)
    assert len(page.select(".errorlist")) == refused
    parts = [part for group in groups(page) for part in described(page, group)]
    assert None not in parts
    assert [part for part in page.select(".helptext, .errorlist") if part not in parts] == []
    for group in groups(page):
        name = group.legend if group.name == "fieldset" else page.find("label", attrs={"for": group["id"]})
        assert name.text.strip()


@pytest.mark.parametrize(("make", "refused"), FORMS.values(), ids=FORMS)
def test_refused_controls_are_marked_invalid(make, refused):
    page = page_of(make())
    wrong = [group for group in groups(page) if any("errorlist" in part["class"] for part in described(page, group))]
    assert len(wrong) == refused
    for group in wrong:
        controls = group.select("input, textarea") if group.name == "fieldset" else [group]
        assert {control.get("aria-invalid") for control in controls} == {"true"}


def test_unsent_form_shows_no_errors():
    page = page_of(JobRoleForm(tracks={"phone": "Phone"}))
    assert page.select("[aria-invalid], .errorlist, .error-summary") == []


def test_only_required_fields_have_asterisk():
    assert page_of(ExemptForm()).label.text == "Reason*"
    assert page_of(ExtraTimeForm()).label.text == "Extra time in exams and simulations"
