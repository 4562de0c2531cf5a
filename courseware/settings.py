"""Settings. Operators set environment variables (docs/settings.md); a wrong value stops the start with one line.

`#:` comments describe the variable that the next statement reads, and name a default that is no plain value. After a
change run `python -m tests.site.reference_tables`, which writes the tables of docs/settings.md and docs/commands.md.
"""

import re
import zoneinfo
from pathlib import Path
from urllib.parse import urlsplit

import django
import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from courseware.project.database_urls import database_at
from courseware.project.security_headers import add_to_static_file

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def require(name: str, condition: object, expected: str) -> None:
    if not condition:
        raise ImproperlyConfigured(f"{name}: expected {expected}")


def switch(name: str, *, default: bool) -> bool:
    """Yes or no. django-environ alone reads every unknown word as no."""
    value = env(name, default="").lower()
    require(name, value in {"", "0", "1", "no", "yes", "off", "on", "false", "true"}, f"1 or 0, got {value!r}")
    return env.bool(name) if value else default


def count(name: str, *, default: int, least: int = 0) -> int:
    value = env(name, default="") or str(default)
    require(name, value.isdecimal(), f"a number such as {default}, got {value!r}")
    require(name, int(value) >= least, f"a number such as {default}, got {value}")
    return int(value)


def number_up_to(name: str, most: int, *, default: int) -> int:
    value = env(name, default="") or str(default)
    in_range = value.isdecimal() and 1 <= int(value) <= most
    require(name, in_range, f"a whole number from 1 to {most}, got {value!r}")
    return int(value)


# What differs between installations ---------------------------------------------------------------------------------

#: Folder of the SQLite database, collected static files and, without a mail server, emails.
#: Default: `var` in the folder of the code.
DATA_DIR = Path(env("DATA_DIR", default="") or BASE_DIR / "var")
try:
    DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
except OSError as error:
    raise ImproperlyConfigured(f"DATA_DIR: expected a folder that can be written, {error}") from None
#: At least 50 random characters. Signs sessions and the links in emails, and encrypts the secrets of two-step
#: verification. Generate one with `openssl rand -hex 32`. Required.
SECRET_KEY = env("SECRET_KEY", default="")
require("SECRET_KEY", len(SECRET_KEY) >= 50, "at least 50 random characters. To try the site: `make run`.")
#: Former keys, separated by commas. What they signed or encrypted stays valid.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
are_long = all(len(key) >= 50 for key in SECRET_KEY_FALLBACKS)
require("SECRET_KEY_FALLBACKS", are_long, "earlier keys of at least 50 characters, split by commas")
# Plain http on this machine only: without TLS no Secure cookie is sent back, so signing in needs this one switch.
#: `1`: serve plain HTTP, without two-step verification. Only for tests on the same machine; refused if `SITE_URL` or
#: `ALLOWED_HOSTS` name another one.
PLAIN_HTTP = switch("PLAIN_HTTP", default=False)
#: `1`: show code and settings on error pages. Needs `PLAIN_HTTP=1`.
DEBUG = switch("DEBUG", default=False)
require("DEBUG", PLAIN_HTTP or not DEBUG, "0, for it shows code and settings to strangers; 1 needs PLAIN_HTTP=1")
THIS_MACHINE = ["127.0.0.1", "localhost", "[::1]"]
#: Host names that the site answers to, separated by commas; not `*`. Required.
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=THIS_MACHINE if PLAIN_HTTP else [])
hosts_valid = ALLOWED_HOSTS and (PLAIN_HTTP or "*" not in ALLOWED_HOSTS)
require("ALLOWED_HOSTS", hosts_valid, "the host names people use, such as training.example.com")
#: The address that people use, such as `https://training.example.com`, without a path. Stands in emails and on
#: certificates. Required.
SITE_URL = env("SITE_URL", default="http://127.0.0.1:8000" if PLAIN_HTTP else "")
scheme_valid = SITE_URL.startswith(("https://", "http://") if PLAIN_HTTP else "https://")
require("SITE_URL", scheme_valid, "the address people use, such as https://training.example.com")
is_host = re.fullmatch(r"https?://([^\s/?#@:[\]]+|\[[\da-fA-F:]+\])(:\d+)?/?", SITE_URL)
require("SITE_URL", is_host, f"a host of its own and nothing behind it, got {SITE_URL}")
SITE_URL = SITE_URL.rstrip("/")  # a path is put behind it, which begins with one
is_local_address = urlsplit(SITE_URL).hostname in {"127.0.0.1", "localhost", "::1"}
is_local_only = is_local_address and {*ALLOWED_HOSTS} <= {*THIS_MACHINE, "*"}
# With PLAIN_HTTP demo accounts can sign in, and no second factor is asked for.
require("PLAIN_HTTP", is_local_only or not PLAIN_HTTP, "0, for SITE_URL or ALLOWED_HOSTS name more than this machine")
#: Number of your proxies in front of the site; 2 for a CDN and nginx. Their `X-Forwarded-For` and `X-Forwarded-Proto`
#: are trusted. 0 only if gunicorn itself ends TLS.
PROXIES = count("PROXIES", default=1)
#: Contact for security reports: `mailto:`, `https://` or `tel:`. Published as `/.well-known/security.txt`.
SECURITY_CONTACT = env("SECURITY_CONTACT", default="")
is_address = not SECURITY_CONTACT or SECURITY_CONTACT.startswith(("mailto:", "https://", "tel:"))
require("SECURITY_CONTACT", is_address, "mailto:…, https://… or tel:…")
#: Words that are easy to guess at your company, such as products, separated by commas. Passwords made of them are
#: refused, as are those made of the company’s name and of the host name.
FORBIDDEN_PASSWORD_WORDS = [
    "courseware",
    "training",
    *urlsplit(SITE_URL).netloc.split("."),
    *env.list("FORBIDDEN_PASSWORD_WORDS", default=[]),
]
#: Further origins that may send forms, separated by commas, such as `https://training.example.com`. Needed if the proxy
#: changes the `Host` header.
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
are_origins = all("://" in origin for origin in CSRF_TRUSTED_ORIGINS)
require("CSRF_TRUSTED_ORIGINS", are_origins, "origins such as https://training.example.com")
#: Commit of the code, for images without a git checkout. Shown in the admin and in the log.
#: Default: the commit of the checkout.
COMMIT = env("COMMIT", default="")
require("COMMIT", re.fullmatch("([0-9a-f]{7,64})?", COMMIT), f"the hash of a commit, got {COMMIT!r}")
#: Form of the log: `lines` of text, or `json` with one object per line.
LOG_FORMAT = env("LOG_FORMAT", default="") or "lines"
require("LOG_FORMAT", LOG_FORMAT in {"lines", "json"}, f"lines or json, got {LOG_FORMAT!r}")
#: `1`: log each request with method, route, status and milliseconds.
LOG_REQUESTS = switch("LOG_REQUESTS", default=False)
#: Time zone of the site. Due dates end at midnight there; a team can have its own.
TIME_ZONE = env("TIME_ZONE", default="Asia/Shanghai")
is_zone = TIME_ZONE in zoneinfo.available_timezones()
require("TIME_ZONE", is_zone, f"a name such as Asia/Shanghai, got {TIME_ZONE!r}")
#: Holidays besides weekends: `cn` for China (2025 to 2027), or empty for weekends only. HR can add days off.
HOLIDAY_CALENDAR = env("HOLIDAY_CALENDAR", default="cn")
require(
    "HOLIDAY_CALENDAR", HOLIDAY_CALENDAR in {"cn", ""}, f"cn, or nothing for weekends alone, got {HOLIDAY_CALENDAR!r}"
)
#: Language if the browser asks for none of the site’s: `zh-hans` or `en`.
LANGUAGE_CODE = env("LANGUAGE_CODE", default="zh-hans")
#: Lowest pass mark in percent. A release with a lower one is refused.
MIN_PASS_MARK = number_up_to("MIN_PASS_MARK", 100, default=70)
#: Days before its end from which a certificate counts as expiring.
CERTIFICATE_EXPIRY_NOTICE_DAYS = number_up_to("CERTIFICATE_EXPIRY_NOTICE_DAYS", 3650, default=60)
#: A person is marked as stuck after this number of wrong answers to one question.
STUCK_AFTER_MISSES = number_up_to("STUCK_AFTER_MISSES", 3650, default=3)
#: A person is marked as stuck after causing harm this number of times in one simulation.
STUCK_AFTER_RED_RUNS = number_up_to("STUCK_AFTER_RED_RUNS", 3650, default=3)
#: A person is marked as stuck this number of working days after a failed exam, if nothing followed.
STUCK_AFTER_FAILED_DAYS = number_up_to("STUCK_AFTER_FAILED_DAYS", 3650, default=3)
#: A person is marked as stuck after this number of days without activity in a course that was started.
STUCK_AFTER_IDLE_DAYS = number_up_to("STUCK_AFTER_IDLE_DAYS", 3650, default=7)
#: Processes that gunicorn starts: 1 per CPU core, plus 1 if PostgreSQL runs on another machine.
count("WEB_CONCURRENCY", default=2, least=1)  # only checked here; gunicorn reads it
#: CPU seconds for the preview or the check of one document in the editor.
PREVIEW_SECONDS = count("PREVIEW_SECONDS", default=5, least=1)

#: Database: `postgres://user:password@host:5432/name` (`?sslmode=verify-full` over a network) or
#: `sqlite:////path/file`.
#: Default: SQLite in `DATA_DIR`.
DATABASES = {
    "default": database_at(
        env.str("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'courseware.sqlite3'}"),
        named="DATABASE_URL",
        # For servers only: commands take as long as they need.
        bounds={
            #: Seconds after which PostgreSQL ends a statement of a page; the page answers 503. 0: never.
            "statement_timeout": count("STATEMENT_TIMEOUT", default=30),
            #: Seconds after which PostgreSQL ends a transaction of the server that does nothing. 0: never.
            "idle_in_transaction_session_timeout": count("IDLE_TRANSACTION_TIMEOUT", default=60),
        },
    )
}

#: Existing folder, on another disk if possible, for a backup every night. The same for the server and each worker.
BACKUP_DIR = Path(env("BACKUP_DIR", default="")) if env("BACKUP_DIR", default="") else None
#: Number of backups kept in `BACKUP_DIR`.
BACKUPS_KEPT = count("BACKUPS_KEPT", default=14, least=1)

#: Folder in which another system stores the list of people. The newest file is imported every night, once it has been
#: unchanged for 5 minutes.
ROSTER_DIR = Path(env("ROSTER_DIR", default="")) if env("ROSTER_DIR", default="") else None
#: `1`: people who are not in the list have left.
ROSTER_IS_COMPLETE = switch("ROSTER_IS_COMPLETE", default=False)

#: Redis or Valkey with `maxmemory-policy noeviction`, such as `redis://:password@host:6379/0` (`rediss://` with TLS).
#: Needs the packages of `requirements/redis.txt`. Counts sign-in attempts there.
#: Default: in the database.
CACHE_URL = env("CACHE_URL", default="")
if CACHE_URL:
    is_redis = re.fullmatch(r"rediss?://([^\s/?#]*@)?[^\s/?#@:]+(:\d+)?(/\d+)?", CACHE_URL)
    require("CACHE_URL", is_redis, "redis://… or rediss://…, with the number of a database at the end")
    try:
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise ImproperlyConfigured("CACHE_URL: expected the packages of requirements/redis.txt") from None

#: Mail server, such as `smtp+tls://user:password@mail.example.com:587`.
#: Default: emails are files in `DATA_DIR/mail`.
try:
    email = env.email_url("EMAIL_URL", default="filemail://")
except (ImproperlyConfigured, ValueError) as error:
    raise ImproperlyConfigured(f"EMAIL_URL: {error}") from None
if email["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend":
    email["EMAIL_BACKEND"] = "courseware.notifications.email.smtp_backend.EmailBackend"
vars().update(email)
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_TIMEOUT = 10  # seconds, for each answer of the mail server
SMTP_SECONDS = 60  # wall-clock time for sending one email; `delivering.CLAIMED_FOR` is longer
CHAT_SECONDS = 10  # wall-clock time for one request to a chat webhook
#: Your email domains, separated by commas. If somebody requests a link for an unknown address in them, an email says
#: that there is no account; other addresses get none.
COMPANY_EMAIL_DOMAINS = [domain.lower() for domain in env.list("COMPANY_EMAIL_DOMAINS", default=[])]
#: Sender of emails, unless the branding names one.
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="courseware@localhost")
#: Name of the company, in emails and above pages, until one is entered under **Branding**.
COMPANY_NAME = " ".join(env("COMPANY_NAME", default="").split())  # one line, for subjects of emails
SERVER_EMAIL = DEFAULT_FROM_EMAIL
#: Envelope sender, to which mail servers report bounces. Its mail goes to `process_bounce`.
#: Default: `DEFAULT_FROM_EMAIL`.
BOUNCE_ADDRESS = env("BOUNCE_ADDRESS", default="")
is_plain_address = re.fullmatch(r"([^\s<>@]+@[^\s<>@]+)?", BOUNCE_ADDRESS)
require("BOUNCE_ADDRESS", is_plain_address, "an address alone, as in bounces@training.example.com")

#: Folders with fonts (`.ttf`, `.otf`) for rare characters in names on certificates, separated by commas. The same on
#: every machine.
PDF_FONT_DIRS = env.list("PDF_FONT_DIRS", default=[])
for folder in PDF_FONT_DIRS:
    require("PDF_FONT_DIRS", Path(folder).is_dir(), f"folders that can be read, split by commas, not {folder}")

#: Further hosts of group-chat bots, separated by commas: `chat.example.com`, or `*.example.com` for all below. Do not
#: name hosts that trust every request from your network.
CHAT_HOSTS = [host.lower() for host in env.list("CHAT_HOSTS", default=[])]
are_hosts = all(re.fullmatch(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+", host) for host in CHAT_HOSTS)
require("CHAT_HOSTS", are_hosts, "hosts alone, split by commas, as in chat.example.com")
#: Proxy for group-chat bots, such as `http://proxy.example.com:3128`. `HTTPS_PROXY` is not read.
CHAT_PROXY = env("CHAT_PROXY", default="")
is_proxy = re.fullmatch(r"(https?://([^\s/?#@]*@)?[^\s/?#@:]+(:\d+)?/?)?", CHAT_PROXY)
require("CHAT_PROXY", is_proxy, "the address of a proxy, such as http://proxy.example.com:3128")

# What is the same everywhere -----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "courseware.apps.ProjectConfig",
    *([] if django.VERSION >= (6, 0) else ["django_tasks"]),
    "django_tasks_db",
    "courseware.audit_log",
    "courseware.autosave",
    "courseware.branding",
    "courseware.jobs",
    "courseware.notifications",
    "courseware.accounts",
    "courseware.content",
    "courseware.learning",
    "courseware.simulations",
    "courseware.assessment",
    "courseware.learner_home",
    "courseware.assignments",
    "courseware.hr",
    "courseware.reporting",
    "courseware.accounts.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "django_htmx",
]

CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "manifest-src": ["'self'"],
}
if django.VERSION >= (6, 0):
    SECURE_CSP, CSP_MIDDLEWARE = CSP, "django.middleware.csp.ContentSecurityPolicyMiddleware"
else:
    CONTENT_SECURITY_POLICY, CSP_MIDDLEWARE = {"DIRECTIVES": CSP}, "csp.middleware.CSPMiddleware"

MIDDLEWARE = [
    "courseware.project.request_logging.RequestLogMiddleware",
    "courseware.project.security_headers.SecurityHeadersMiddleware",
    "courseware.project.health.HealthMiddleware",
    CSP_MIDDLEWARE,
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # behind static files, which lie there compressed
    "courseware.project.load_shedding.LoadSheddingMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "courseware.project.maintenance.MaintenanceMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "courseware.accounts.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "courseware.accounts.security.sessions.SessionAgeMiddleware",
    "courseware.accounts.security.two_factor.TwoFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "courseware.accounts.security.reauthentication.ReauthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "courseware.accounts.middleware.ReturnUrlMiddleware",
]

ROOT_URLCONF = "courseware.urls"
WSGI_APPLICATION = "courseware.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {
                "cached_include": "courseware.lib.web.cached_include",
                "wording_blocks": "courseware.notifications.wording.blocks",
                "durations": "courseware.lib.text.durations",
                "page_titles": "courseware.lib.web.page_titles",
            },
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "courseware.accounts.sign_in.return_urls.page_address",
                "courseware.accounts.security.sessions.session_times",
                "courseware.accounts.permissions.site_context.branding_for_pages",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "courseware"  # ours: templates/courseware/

LANGUAGES = [("zh-hans", _("Chinese (Simplified)")), ("en", _("English"))]
is_translated = LANGUAGE_CODE in dict(LANGUAGES)
require("LANGUAGE_CODE", is_translated, f"{' or '.join(dict(LANGUAGES))}, got {LANGUAGE_CODE!r}")
LOCALE_PATHS = [BASE_DIR / "courseware" / "locale"]
FORMAT_MODULE_PATH = "courseware.locale"
USE_TZ = True
LANGUAGE_COOKIE_NAME = "language"

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "courseware.project.static_files.StaticFilesStorage"},
}
# Of one person, each by itself: answers in lessons, in practice sets, decisions in simulations, simulations started.
ANSWERS_PER_MINUTE = 60
REPORTS_PER_DAY = 10  # of one person
API_REQUESTS_PER_MINUTE = 60  # by the reading API, of one person
WHITENOISE_ADD_HEADERS_FUNCTION = add_to_static_file
WHITENOISE_ALLOW_ALL_ORIGINS = False
CONTENT_DIR = BASE_DIR / "content"

# Shared by all processes, which count wrong passwords. The table exists with Redis as well, so that a site may switch.
CACHE_TABLE = "cache"
if CACHE_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": CACHE_URL,
            "KEY_PREFIX": "courseware",
            "OPTIONS": {
                "socket_connect_timeout": 2,  # seconds
                "socket_timeout": 2,
                # Once more and at once: for a connection that a restart has cut. The library would try for seconds.
                "retry": Retry(NoBackoff(), 1),
            },
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": CACHE_TABLE,
            "OPTIONS": {"MAX_ENTRIES": 100_000},  # at the default of 300 a stranger could push counts out
        }
    }

# In the database as well: enqueued with the fact that asks for it. `manage.py run_worker` does them.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default", "delivery"]}}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["courseware.accounts.sign_in.identifiers.IdentifierBackend"]
PASSWORD_HASHERS = ["courseware.accounts.sign_in.passwords.SmallArgon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "courseware.accounts.sign_in.passwords.PasswordLength", "OPTIONS": {"least": 8, "most": 128}},
    {"NAME": "courseware.accounts.sign_in.passwords.HardToGuess", "OPTIONS": {"words": FORBIDDEN_PASSWORD_WORDS}},
]
PASSWORD_RESET_TIMEOUT = 3 * 24 * 60 * 60  # seconds; an invitation waits over a weekend
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "reporting:start"
ACCOUNT_ADAPTER = "courseware.accounts.sign_in.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}  # or a staff number: see accounts/sign_in/identifiers.py
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = SITE_URL.split(":")[0]
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "courseware.accounts.sign_in.invitations.LinkTokens"
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True  # the link proved it; and whoever is locked out by wrong tries gets in by it
# Above these, sign-in is delayed: see accounts/sign_in/throttling.py. allauth's own limits would let strangers lock out
# an account.
ACCOUNT_RATE_LIMITS = {
    "wrong_passwords": "30/m/ip,100/h/key",
    "wrong_codes": "30/m/ip,100/h/key",
    "emails": "20/m/ip",
    "invite_links": "10/h/key",  # of a place at a link: see accounts/teams/invite_links.py
    "pending_submissions": "10/h/key",  # of a person: see accounts/security/resubmission.py
    "api_reads": f"{API_REQUESTS_PER_MINUTE}/m/key",  # of a person
    "api_refusals": f"{API_REQUESTS_PER_MINUTE}/m/ip",  # requests without a valid key, per network
    "unsaved_texts": "30/m/key",  # of a person; the script sends four for each form
    "login": None,
    "login_failed": None,
    "wrong_second_steps": "100/h/key",  # per account, all networks together
    "reset_password": None,
}

#: `1`: staff, HR and auditors need two-step verification.
#: Default: `1`; `0` with `PLAIN_HTTP`.
TWO_FACTOR = switch("TWO_FACTOR", default=not PLAIN_HTTP)
#: `1`: managers and deputies need two-step verification as well, and their sessions end like those of staff.
TWO_FACTOR_FOR_MANAGERS = switch("TWO_FACTOR_FOR_MANAGERS", default=False)
REQUIRE_REAUTHENTICATION = (
    not PLAIN_HTTP
)  # before rights, addresses, exports and publishing: see accounts/security/reauthentication.py
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60  # seconds
MFA_ADAPTER = "courseware.accounts.sign_in.adapter.TwoFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are given by whoever runs the training, not by the person
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = PLAIN_HTTP

SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds: the longest shift, whatever happens
SESSION_IDLE_TIMEOUT = 2 * 60 * 60  # seconds: the longest break
ADMIN_IDLE_TIMEOUT = SESSION_IDLE_TIMEOUT if PLAIN_HTTP else 30 * 60  # seconds; also of HR and auditors
SESSION_COOKIE_HTTPONLY = True
DEVICE_COOKIE_NAME = "device"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_AGE = SESSION_COOKIE_AGE
CSRF_FAILURE_VIEW = "courseware.project.error_pages.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Of one form; templates/errors/413.html names them.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_010  # all rows of a long list of the admin, and what is to be done with them
DATA_UPLOAD_MAX_NUMBER_FILES = 10
# Of each process. Beyond these a page is refused; what is sent waits for its turn.
MAX_ACTIVE_REQUESTS = 4
MAX_QUEUED_REQUESTS = 60
QUEUE_TIMEOUT = 5  # seconds
if not PLAIN_HTTP:
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    DEVICE_COOKIE_NAME, LANGUAGE_COOKIE_NAME = "__Host-device", "__Host-language"
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    if PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        ALLAUTH_TRUSTED_PROXY_COUNT = PROXIES  # else wrong passwords were counted for a proxy, that is for everybody

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {"()": "courseware.lib.text.log_format.TextFormatter"},
        "json": {"()": "courseware.lib.text.log_format.JsonFormatter"},
    },
    "filters": {"one line": {"()": "courseware.lib.text.log_format.OneLineFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    # A list that is asked for a filter it does not have, which every editor can do by its address.
    "loggers": {
        "django.security.DisallowedModelAdminLookup": {"filters": ["one line"]},
        "courseware.project.request_logging": {"level": "INFO"},
        # At a lower level it names the addresses it asks, and the addresses of chat bots are secret.
        "urllib3": {"level": "ERROR"},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
}
