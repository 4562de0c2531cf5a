"""Emails that report changes of an account to its owner, so that misuse is noticed."""

from django.utils.translation import gettext_lazy as _

from courseware.notifications.email import queue

WHAT = {
    "password-set": _("Your password was changed."),
    "address-changed": _("The address you sign in with was changed."),
    "two-factor-added": _("A second step for signing in was set up."),
    "two-factor-removed": _("A second step for signing in was taken away."),
    "two-factor-reset": _(
        "Your second step for signing in was reset by whoever runs the training. You set up a new one when you sign in."
    ),
    "codes-renewed": _("New recovery codes were made; the old ones have ended."),
    "sign-in-code-created": _("A code was made for you to sign in with, once, within a day. It was made by:"),
    "wrong-codes": _("Somebody entered your password, and then three wrong codes of two-step verification."),
    "api-key-created": _(
        "A key for programs was created for your account. "
        "Anybody who has it can read what you see on this site. Its name:"
    ),
    "new-device": _("Somebody signed in to your account from a browser that was not used before."),
}


def notify(person, what, *, address="", detail=""):
    queue.tell("account-notice", person, address=address, data={"what": what, "detail": detail})


def in_words(message):
    return {"name": message.person.name, "what": WHAT[message.data["what"]], "detail": message.data["detail"]}
