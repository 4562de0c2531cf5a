"""Internals of allauth that other modules import. Check them before raising its limit in pyproject.toml."""

# ruff: noqa: F401 - other modules import these names from here
from allauth.account.internal.flows.login import get_authentication_records, perform_login, record_authentication
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.account.internal.stagekit import clear_login
from allauth.core.internal.ratelimit import cache_lock, consume, get_ip
from allauth.mfa.totp.internal.auth import generate_totp_secret
