"""What the verbs of the log are called on pages, by whichever room they are recorded."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from courseware.evidence.models import Event

EVENT_WORDS: dict[str, str | Promise] = {
    "signed-in": pgettext_lazy("event", "signed in"),
    "signed-out": pgettext_lazy("event", "signed out"),
    "sign-in-failed": pgettext_lazy("event", "a sign-in failed"),
    "sign-in-refused": pgettext_lazy("event", "a sign-in was refused"),
    "sessions-ended": pgettext_lazy("event", "signed out everywhere"),
    "own-sessions-ended": pgettext_lazy("event", "ended other sessions"),
    "password-set": pgettext_lazy("event", "password set"),
    "address-changed": pgettext_lazy("event", "e-mail changed"),
    "link-requested": pgettext_lazy("event", "asked for a link"),
    "invited": pgettext_lazy("event", "invited"),
    "code-given": pgettext_lazy("event", "code to sign in made"),
    "code-used": pgettext_lazy("event", "came in by a code"),
    "second-factor-added": pgettext_lazy("event", "second step added"),
    "second-factor-removed": pgettext_lazy("event", "second step removed"),
    "second-factor-reset": pgettext_lazy("event", "second steps reset"),
    "rights-changed": pgettext_lazy("event", "rights changed"),
    "person-added": pgettext_lazy("event", "person added"),
    "person-changed": pgettext_lazy("event", "particulars changed"),
    "person-removed": pgettext_lazy("event", "person taken away"),
    "merged": pgettext_lazy("event", "another account merged into this one"),
    "merged-into": pgettext_lazy("event", "became another name of somebody"),
    "merge-undone": pgettext_lazy("event", "merge undone"),
    "merged-no-more": pgettext_lazy("event", "an account of its own again"),
    "membership-added": pgettext_lazy("event", "place in a team given"),
    "membership-changed": pgettext_lazy("event", "role in a team changed"),
    "membership-removed": pgettext_lazy("event", "place in a team ended"),
    "team-added": pgettext_lazy("event", "team made"),
    "team-changed": pgettext_lazy("event", "team changed"),
    "team-moved": pgettext_lazy("event", "team moved in the tree"),
    "team-deleted": pgettext_lazy("event", "team deleted"),
    "team-link-made": pgettext_lazy("event", "link for a team made"),
    "team-link-used": pgettext_lazy("event", "came in by the link of a team"),
    "team-link-ended": pgettext_lazy("event", "link for a team ended"),
    "join-answered": pgettext_lazy("event", "request to join answered"),
    "substitute-named": pgettext_lazy("event", "substitute named"),
    "substitute-ended": pgettext_lazy("event", "substitution ended"),
    "days-listed": pgettext_lazy("event", "working days listed"),
    "days-unlisted": pgettext_lazy("event", "working days taken out"),
    "away": pgettext_lazy("event", "absence noted"),
    "away-changed": pgettext_lazy("event", "absence changed"),
    "away-taken-back": pgettext_lazy("event", "absence taken back"),
    "note-written": pgettext_lazy("event", "note written"),
    "note-taken-back": pgettext_lazy("event", "note taken back"),
    "due-moved": pgettext_lazy("event", "due day moved by an absence"),
    "enrolled": pgettext_lazy("event", "enrolled"),
    "enrollment-removed": pgettext_lazy("event", "enrollment taken back"),
    "enrollment-completed": pgettext_lazy("event", "course completed"),
    "due-feed-made": pgettext_lazy("event", "calendar of due days made"),
    "due-feed-ended": pgettext_lazy("event", "calendar of due days ended"),
    "extended": pgettext_lazy("event", "another due day given"),
    "extension-undone": pgettext_lazy("event", "due day taken back"),
    "waived": pgettext_lazy("event", "excused"),
    "excuse-undone": pgettext_lazy("event", "excuse taken back"),
    "practice-time-changed": pgettext_lazy("event", "time under pressure changed"),
    "completed": pgettext_lazy("event", "document completed"),
    "attempt-started": pgettext_lazy("event", "exam begun"),
    "attempt-submitted": pgettext_lazy("event", "exam handed in"),
    "drill-done": pgettext_lazy("event", "drill done"),
    "certificate-issued": pgettext_lazy("event", "certificate issued"),
    "certificate-withdrawn": pgettext_lazy("event", "certificate withdrawn"),
    "outside-training-recorded": pgettext_lazy("event", "outside training recorded"),
    "outside-training-withdrawn": pgettext_lazy("event", "outside training withdrawn"),
    "run-brought": pgettext_lazy("event", "training brought along by a merge"),
    "run-given-back": pgettext_lazy("event", "training given back after a merge"),
    "run-started": pgettext_lazy("event", "simulation begun"),
    "run-finished": pgettext_lazy("event", "simulation ended"),
    "run-given-up": pgettext_lazy("event", "simulation given up"),
    "group-door-made": pgettext_lazy("event", "door into a chat group made"),
    "group-door-changed": pgettext_lazy("event", "door into a chat group changed"),
    "group-door-tried": pgettext_lazy("event", "door into a chat group tried"),
    "group-door-removed": pgettext_lazy("event", "door into a chat group taken away"),
    "letters-stopped": pgettext_lazy("event", "letters of a kind stopped"),
    "letters-go-on": pgettext_lazy("event", "letters of a kind turned on again"),
    "reminders-planned": pgettext_lazy("event", "days of reminders changed"),
    "escalation-switched": pgettext_lazy("event", "telling the next level switched"),
    "talk-noted": pgettext_lazy("event", "talk noted"),
    "talk-taken-back": pgettext_lazy("event", "talk taken back"),
    "rule-made": pgettext_lazy("event", "rule made"),
    "rule-changed": pgettext_lazy("event", "rule changed"),
    "rule-switched-on": pgettext_lazy("event", "rule switched on"),
    "rule-switched-off": pgettext_lazy("event", "rule switched off"),
    "rule-taken-back": pgettext_lazy("event", "what a rule did taken back"),
    "house-style-set": pgettext_lazy("event", "house style set"),
    "content-imported": pgettext_lazy("event", "course imported"),
    "content-released": pgettext_lazy("event", "course released"),
    "release-proposed": pgettext_lazy("event", "release proposed"),
    "release-declined": pgettext_lazy("event", "release declined"),
    "board-exported": pgettext_lazy("event", "board exported"),
    "report-exported": pgettext_lazy("event", "report about a period exported"),
    "audit-pack-made": pgettext_lazy("event", "audit pack made"),
    "monthly-report-wanted": pgettext_lazy("event", "asked for the report each month"),
    "monthly-report-stopped": pgettext_lazy("event", "stopped the report each month"),
    "report-viewed": pgettext_lazy("event", "looked at a report about a period"),
    "api-key-made": pgettext_lazy("event", "key for a program made"),
    "api-key-ended": pgettext_lazy("event", "key for a program ended"),
    "api-read": pgettext_lazy("event", "read by a program"),
    "board-viewed": pgettext_lazy("event", "looked at a board"),
    "log-viewed": pgettext_lazy("event", "looked at the log"),
    "record-viewed": pgettext_lazy("event", "looked at a record"),
}


def with_words(events: Iterable[Event]) -> list[Event]:
    """Each with its `words`; "" for a verb of another version, which a page then shows as it is."""
    found = list(events)
    for event in found:
        event.words = EVENT_WORDS.get(event.verb, "")  # type: ignore[attr-defined]  # no column: for a page to read
    return found


def verbs_by_words() -> list[tuple[str, str]]:
    """(verb, words) in the order of the words in the reader's language."""
    return sorted(((verb, str(words)) for verb, words in EVENT_WORDS.items()), key=lambda each: each[1].casefold())
