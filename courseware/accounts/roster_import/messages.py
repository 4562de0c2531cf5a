"""Messages about a file and its cells."""

from django.utils.translation import gettext_lazy as _

REFUSALS = {
    "empty": _("There is nobody in this file."),
    "web-page": _("This is a web page with the name of a spreadsheet. Open it in Excel, and save it as XLSX or CSV."),
    "damaged": _("This file cannot be read: it is damaged, or a password protects it."),
    "unreadable": _("This file cannot be read: it is too large, or damaged."),
    "busy": _("The server is busy, or is reading another list. Please send this one again in a minute."),
    "too-large": _("This file is too large to be a list of people."),
    "too-wide": _("This file has more than 200 columns. Keep those that the list needs."),
    "too-long": _("This file has more than 50,000 rows. Please split it."),
    "other-encoding": _("The file is not written in this encoding. Choose another one, or let it be found out."),
    "no-headings": _(
        "No heading names a staff number or an e-mail address. A row such as this one is expected: "
        "Staff number, Name, E-mail, Team."
    ),
}
FIELDS = {
    "staff_number": _("staff number"),
    "name": _("name"),
    "email": _("e-mail"),
    "team": _("team"),
    "role": _("role"),
    "language": _("language"),
    "post": _("post"),
    "starts_on": _("first day"),
    "leaves_on": _("last day"),
}
CONFLICT_OF_INTEREST = _(
    "This person added or appointed you, or gave you a way to sign in, within the last 90 days. "
    "Somebody else has to decide."
)
PROBLEMS = {
    "long": _("This is longer than it may be."),
    "signs": _("There are signs in it that cannot be printed."),
    "staff-number": _("This is no staff number. Excel may have shortened it: give the column the format Text."),
    "name": _("This is no name."),
    "email": _("This is no e-mail address; expected one such as li.na@example.com."),
    "team": _("This is no team; expected a name, or a path such as Service/Night shift."),
    "role": _("This is no role; expected learner or manager."),
    "language": _("This is no language; expected Chinese or English."),
    "day": _("This is no day; expected one such as 2026-12-01."),
    "nobody": _("Neither staff number nor e-mail: nobody can be found by this row."),
    "no-name": _("Somebody new needs a name."),
    "twice": _("Line %(line)s is about the same person and says something else."),
    "shared-address": _("Line %(line)s (%(name)s) has the same address. An address belongs to one person."),
    "address-taken": _("%(name)s has this address already."),
    "ask-admin": _("This person is staff or audits: ask an admin for the change."),
    "own-row": _("This is your own record. Somebody else has to change it."),
    "conflict": CONFLICT_OF_INTEREST,
    "address-of-hr": _("Only an administrator can change the address of a member of HR."),
    "no-team": _("There is no such team. A list creates a team only if you tick that."),
    "near-team": _("There is no such team. Is it “%(path)s”?"),
    "which-team": _("There are several of this name: %(paths)s. Write the whole path."),
}

CONFLICTS = {
    "here-already": _("Somebody else has this number or address since."),
    "changed": _("This was changed since the list was compared."),
    "gone": _("This person has left since."),
    "ask-admin": _("This person is staff or audits since: ask an admin for the change."),
    "own-row": _("This person brought in or approved the list. Somebody else has to change their record."),
    "conflict": CONFLICT_OF_INTEREST,
    "address-of-hr": _("Only an administrator can change the address of a member of HR."),
    "team-gone": _("This team was deleted since."),
}
