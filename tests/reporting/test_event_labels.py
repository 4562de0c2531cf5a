"""Labels of event verbs in the audit log."""

import ast
from pathlib import Path

import pytest
from django.utils.translation import override

from courseware.assignments.audit_log_labels import EVENT_WORDS, verbs_by_label
from courseware.audit_log.record import record
from tests.making import make_admin, make_hr, make_user

COURSEWARE = Path(__file__).parents[2] / "courseware"
# Module that records a variable verb → all its values.
TOLD_ELSEWHERE = {
    "accounts/calendar/calendar_import.py": {"days-listed", "days-unlisted"},
    "accounts/people/notes.py": {"note-written", "note-withdrawn"},
    "accounts/permissions/role_changes.py": {"membership-added", "membership-changed", "membership-removed"},
    "accounts/teams/deputies.py": {"deputy-added", "deputy-ended"},
    "hr/people/account_merge.py": {"merged", "merged-into", "merge-undone", "account-separated"},
    "assignments/rules/lifecycle.py": {"rule-created", "rule-changed"},
    "content/releases/publishing.py": {"expert-review-entered", "expert-review-withdrawn"},
    "audit_log/record.py": set(),
    "learning/lessons/changed_lessons.py": {"change-acknowledged", "change-checked"},
    "learning/enrollments/account_merge.py": {"enrollment-transferred", "enrollment-returned"},
    "learning/record_access_log.py": {"record-viewed", "dashboard-viewed", "audit-log-viewed", "report-viewed"},
}


def verbs_recorded():
    """(verbs in calls of `record` and `NewEvent`, modules that pass a variable)."""
    verbs, elsewhere = set(), set()
    for path in COURSEWARE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in ("record", "recording.record", "NewEvent"):
                verb = call.args[0]
                if isinstance(verb, ast.Constant):
                    verbs.add(verb.value)
                elif path.parent.name != "manager_actions":  # see test_manager_actions
                    elsewhere.add(path.relative_to(COURSEWARE).as_posix())
    return verbs, elsewhere


@pytest.mark.slow
def test_every_recorded_verb_has_a_label():
    verbs, elsewhere = verbs_recorded()
    assert sorted(elsewhere - TOLD_ELSEWHERE.keys()) == [], "say in TOLD_ELSEWHERE which verbs that module records"
    verbs = verbs.union(*TOLD_ELSEWHERE.values())
    assert sorted(verbs - EVENT_WORDS.keys()) == [], "give it words in courseware/assignments/audit_log_labels.py"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_labels_are_unique_and_translated(language):
    with override(language):
        label = [label for _verb, label in verbs_by_label()]
    assert len(set(label)) == len(label) == len(EVENT_WORDS)
    assert all(each.isascii() == (language == "en") for each in label)


@pytest.mark.django_db
def test_pages_show_labels_or_unknown_verbs(client):
    person, hr = make_user("Li Na"), make_hr(language="zh-hans")
    record("person-changed", actor=hr, subject=person)
    record("of-another-version", actor=hr, subject=person)
    client.force_login(hr)
    page = client.get(f"/people/{person.pk}/").content.decode()
    assert "更改了个人资料" in page and "person-changed" not in page
    assert '<span lang="en">of-another-version</span>' in page
    client.force_login(make_admin(language="en"))
    page = client.get("/audit-log/").content.decode()
    assert "<td>profile changed</td>" in page and '<td lang="en">of-another-version</td>' in page
