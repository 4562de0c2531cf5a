"""The tests' settings for a site where many people come from one address."""

from tests.settings import *

ACCOUNT_RATE_LIMITS = False
