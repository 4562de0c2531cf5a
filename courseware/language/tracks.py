"""Tracks: the posts of a course's learners, for some of which a part of it may be written."""

from collections.abc import Collection


def is_for(tracks: Collection[str], track: str) -> bool:
    """Whether something for some tracks is for this one; none named is for all."""
    return not tracks or track in tracks
