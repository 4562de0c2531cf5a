"""Tracks: the job roles of a course's learners. A part of a course may be written for some of them only."""

from collections.abc import Collection


def is_for(tracks: Collection[str], track: str) -> bool:
    """Whether something written for `tracks` (empty means all) is for `track`."""
    return not tracks or track in tracks
