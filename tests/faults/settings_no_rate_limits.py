"""Test settings without rate limits, because many people come from one address."""

from tests.settings import *

ACCOUNT_RATE_LIMITS = False
