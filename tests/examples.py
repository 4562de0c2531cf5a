"""How many examples a property test has: a third in `make test`, all with `--hypothesis-profile=deep`."""

from hypothesis import settings

DEFAULT = 100


def examples(number: int = DEFAULT) -> int:
    return number if settings.get_current_profile_name() == "deep" else max(number // 3, 1)
