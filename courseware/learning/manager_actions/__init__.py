"""List of all manager actions, and lookups in it."""

from courseware.learning.manager_actions.certified import EndCertified
from courseware.learning.manager_actions.enrollment import Enroll
from courseware.learning.manager_actions.exemption import Exempt
from courseware.learning.manager_actions.extension import Extend
from courseware.learning.manager_actions.extra_time import SetExtraTime
from courseware.learning.manager_actions.manager_action import ManagerAction
from courseware.learning.models import Adjustment

# In the order of display.
ENROLL = Enroll()
ACTIONS: tuple[ManagerAction, ...] = (Extend(), Exempt(), SetExtraTime(), ENROLL, EndCertified())
BY_KIND: dict[str, ManagerAction] = {action.kind: action for action in ACTIONS}
ON_PERSON_PAGE = tuple(action for action in ACTIONS if action.name)
FOR_MANY = tuple(action for action in ACTIONS if action.is_for_many)
EVENT_WORDS = {verb: words for action in ACTIONS for verb, words in action.event_labels.items()}


def described_by(adjustment: Adjustment) -> ManagerAction:
    """Return the action that describes the adjustment; Enroll if this version does not know its kind."""
    return BY_KIND.get(adjustment.kind, ENROLL)
