"""The manager actions: everything that is offered, done, undone and said of them follows from this list."""

from courseware.learning.manager_actions.certified import EndCertified
from courseware.learning.manager_actions.enrollment import Enroll
from courseware.learning.manager_actions.exemption import Exempt
from courseware.learning.manager_actions.extension import Extend
from courseware.learning.manager_actions.extra_time import SetExtraTime
from courseware.learning.manager_actions.manager_action import ManagerAction
from courseware.learning.models import Adjustment

# In the order of pages.
ENROLL = Enroll()
ACTIONS: tuple[ManagerAction, ...] = (Extend(), Exempt(), SetExtraTime(), ENROLL, EndCertified())
BY_KIND: dict[str, ManagerAction] = {action.kind: action for action in ACTIONS}
ON_PERSON_PAGE = tuple(action for action in ACTIONS if action.name)
FOR_MANY = tuple(action for action in ACTIONS if action.is_for_many)
EVENT_WORDS = {verb: words for action in ACTIONS for verb, words in action.event_labels.items()}


def described_by(adjustment: Adjustment) -> ManagerAction:
    """The action whose words describe the adjustment; of a kind that only a newer version of the site knows, Enroll."""
    return BY_KIND.get(adjustment.kind, ENROLL)
