"""How others decided in a situation. A room above counts it so that no single person is given away."""

from collections.abc import Callable, Collection, Mapping

from courseware.content.models import Document
from courseware.language.simulations import Node
from courseware.lib.shares import AnonymousShare, Share

SharesOfChoices = Mapping[str, tuple[Share, ...]]  # id of a situation → of each of its choices, in their order
Counting = Callable[[Document, Collection[Node]], SharesOfChoices]

_registered: list[Counting] = []


def register(counting: Counting) -> None:
    """It leaves out situations about which nothing may be said. Called by an app when it is ready."""
    _registered[:] = [counting]


def chosen_by_colleagues(simulation: Document, nodes: Collection[Node]) -> SharesOfChoices:
    """Runs a query where there are situations."""
    return _registered[0](simulation, nodes) if nodes and _registered else {}


def chose_best(node: Node, best: int, shares: tuple[Share, ...]) -> Share:
    """As good as the choice at place `best`, whatever they chose."""
    quality = node.choices[best].quality
    count = sum(share.count for choice, share in zip(node.choices, shares, strict=True) if choice.quality == quality)
    return AnonymousShare(count, shares[0].people)
