"""Messages about lists that cannot be used, about their cells, and about rows that cannot be applied."""

from django.utils.translation import gettext_lazy as _

REFUSALS = {
    "empty": _("There are no people in this file."),
    "web-page": _(
        "This file is a web page with the file name of a spreadsheet. Open it in Excel, and save it as XLSX or CSV."
    ),
    "damaged": _("This file cannot be read. It is damaged or has a password."),
    "unreadable": _("This file cannot be read. It is too large or damaged."),
    "busy": _("The server is busy or is reading another list. Send this file again in 1 minute."),
    "too-large": _("This file is too large for a list of people."),
    "too-wide": _("This file has more than 200 columns. Keep only the columns that the list needs."),
    "too-long": _("This file has more than 50,000 rows. Please split it."),
    "other-encoding": _("The file does not use this encoding. Choose another encoding or automatic detection."),
    "no-headings": _(
        "The list needs a heading for the staff number or the email address. Use headings such as: Staff "
        "number, Name, Email, Team."
    ),
}
FIELDS = {
    "staff_number": _("staff number"),
    "name": _("name"),
    "email": _("email address"),
    "team": _("team"),
    "role": _("role"),
    "language": _("language"),
    "job_role": _("job role"),
    "starts_on": _("first day"),
    "leaves_on": _("last day"),
}
CONFLICT_OF_INTEREST = _(
    "This person added you, made you a manager or a deputy, or gave you a way to sign in (such as a code), "
    "within the last 90 days. Another person must make this change."
)
PROBLEMS = {
    "long": _("This text is too long."),
    "signs": _("This text contains characters that cannot be printed."),
    "staff-number": _(
        "This is not a staff number. If Excel shows the number as 1.2E+10 or similar, set the "
        "format of the column to Text."
    ),
    "name": _("This is not a name."),
    "email": _("This is not an email address. Enter an address such as li.na@example.com."),
    "team": _("This is not a team. Enter a name, or a path such as Service/Night shift."),
    "role": _("This is not a role. Enter “learner” or “manager”."),
    "language": _("This is not a language. Enter “Chinese” or “English”."),
    "day": _("This is not a date. Enter a date such as 2026-12-01."),
    "nobody": _("This row needs a staff number or an email address."),
    "no-name": _("A new person needs a name."),
    "twice": _("Line %(line)s is about the same person but has different values."),
    "shared-address": _("Line %(line)s (%(name)s) has the same email address. Each person needs their own address."),
    "address-taken": _("%(name)s already has this email address."),
    "ask-admin": _("This person is an admin or an auditor. Ask an admin to make the change."),
    "own-row": _("This is your own record. Another person must change it."),
    "conflict": CONFLICT_OF_INTEREST,
    "address-of-hr": _("Only an admin can change the email address of a member of HR."),
    "no-team": _("This team does not exist. To create it, tick the box for new teams."),
    "near-team": _("This team does not exist. Did you mean “%(path)s”?"),
    "which-team": _("Several teams have this name: %(paths)s. Enter the full path."),
}

CONFLICTS = {
    "here-already": _("Another person now has this staff number or email address."),
    "changed": _("This person’s data changed after you uploaded the list."),
    "gone": _("This person left the company after you uploaded the list."),
    "ask-admin": _("This person became an admin or an auditor in the meantime. Ask an admin to make the change."),
    "own-row": _("This person uploaded or approved the list. Another person must change this person’s record."),
    "conflict": CONFLICT_OF_INTEREST,
    "address-of-hr": _("Only an admin can change the email address of a member of HR."),
    "team-gone": _("This team was deleted in the meantime."),
}
