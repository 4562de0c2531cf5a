"""Account notices: emails to the owner of an account about changes of the account."""

from django.utils.translation import gettext_lazy as _

from courseware.notifications.email import queue

WHAT = {
    "password-set": _("Your password was changed."),
    "address-changed": _("Your sign-in email address was changed."),
    "two-factor-added": _("Two-step verification was set up."),
    "two-factor-removed": _("A method of two-step verification was removed."),
    "two-factor-reset": _("A training admin reset your two-step verification. Set it up again at your next sign-in."),
    "codes-renewed": _("New recovery codes were created. The old codes no longer work."),
    "sign-in-code-created": _("A sign-in code was created for you. You can use it once, within 1 day. Created by:"),
    "wrong-codes": _("Somebody entered your password, and then 3 wrong codes of two-step verification."),
    "api-key-created": _(
        "An API key was created for your account. Anyone who has the key can read what you see on this site. "
        "Name of the key:"
    ),
    "new-device": _("Somebody signed in to your account from a new browser."),
}


def notify(person, what, *, address="", detail=""):
    """Queue a notice. `what`: key of WHAT. `address`: "" for the person's own. `detail`: text after the notice."""
    queue.queue_email("account-notice", person, address=address, data={"what": what, "detail": detail})


def notice_context(message):
    """Return the template context of a queued notice: name, what, detail."""
    return {"name": message.person.name, "what": WHAT[message.data["what"]], "detail": message.data["detail"]}
