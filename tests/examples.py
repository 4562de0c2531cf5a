"""Number of hypothesis examples: a third or fewer in `make test`, all in `make deep`."""

import pytest
from hypothesis import settings

DEFAULT = 100


def only_deep(*values):
    """Values of a parametrized test that only `make deep` runs."""
    return pytest.param(*values, marks=[pytest.mark.slow, pytest.mark.deep])


def examples(number: int = DEFAULT) -> int:
    return number if settings.get_current_profile_name() == "deep" else max(number // 3, 1)
