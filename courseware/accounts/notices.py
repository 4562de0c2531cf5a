"""Letters that tell somebody what happened to the own account, so that a stranger's doing does not go unseen."""

import logging

from django.utils.translation import gettext_lazy as _

from courseware.accounts import mailing

WHAT = {
    "password-set": _("Your password was changed."),
    "address-changed": _("The address you sign in with was changed."),
    "second-factor-added": _("A second step for signing in was set up."),
    "second-factor-removed": _("A second step for signing in was taken away."),
    "second-factor-reset": _(
        "Your second step for signing in was reset by whoever runs the training. You set up a new one when you sign in."
    ),
    "codes-renewed": _("New recovery codes were made; the old ones have ended."),
    "new-device": _("Somebody signed in to your account from a browser that was not used before."),
}
logger = logging.getLogger(__name__)


def tell(person, what, *, address="", detail=""):
    """Mail what happened to `person`, or to `address` where that is another. Call it outside of transactions.

    What happened stands, whether or not the mail server takes the letter.
    """
    try:
        mailing.send(
            "account_notice",
            address or person.email,
            language=person.language,
            name=person.name,
            what=WHAT[what],
            detail=detail,
        )
    except mailing.NotSent:
        logger.warning("The notice %s to person %s was not sent.", what, person.pk)
