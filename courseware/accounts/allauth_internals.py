"""All imports of private names of allauth. pyproject.toml limits its version; check this list before raising it."""

from allauth.account.internal.flows.login import get_authentication_records, perform_login, record_authentication
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.account.internal.stagekit import clear_login
from allauth.core.internal.ratelimit import cache_lock, consume, get_ip
from allauth.mfa.totp.internal.auth import generate_totp_secret

__all__ = [
    "STATE_SESSION_KEY",
    "cache_lock",
    "clear_login",
    "consume",
    "generate_totp_secret",
    "get_authentication_records",
    "get_ip",
    "perform_login",
    "record_authentication",
]
