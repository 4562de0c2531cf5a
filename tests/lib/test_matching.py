from types import SimpleNamespace

import pytest
from django.db.models import Q

from courseware.lib.matching import fulfils

CUP = SimpleNamespace(size=3, colour=None)


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        (Q(size=3), True),
        (Q(size=4), False),
        (Q(size__lte=3), True),
        (Q(size__lte=2), False),
        (Q(size__gt=2), True),
        (Q(size__gt=3), False),
        (Q(size__gte=3), True),
        (Q(size__gte=4), False),
        (Q(size__lt=4), True),
        (Q(size__lt=3), False),
        (Q(colour=None), True),
        (Q(colour__gt=9), False),
        (Q(colour__gte=9), False),
        (Q(colour__lt=9), False),
        (Q(colour__lte=9), False),  # what is unknown is not below anything, nor above it
        (~Q(size=3), False),
        (~Q(colour__lte=9), True),  # as Django's own NOT, which keeps the rows without a value
        (Q(size=3, colour=None), True),
        (Q(size=3) & Q(colour=1), False),
        (Q(size=4) | Q(colour=None), True),
        (~(Q(size=4) | Q(colour=1)), True),
        (Q(), True),
    ],
)
def test_a_condition_is_asked_of_one_object(condition, answer):
    assert fulfils(CUP, condition) == answer


@pytest.mark.parametrize("condition", [Q(size__in=[4]), Q(size__range=(3, 4)) | Q(size=3)])
def test_a_comparison_it_does_not_know_is_refused(condition):
    with pytest.raises(KeyError):
        fulfils(CUP, condition)
