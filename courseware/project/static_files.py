"""Storage and collection of static files: hashed names, compression."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

UNUSED = ["django_htmx"]  # the project has its own copy of htmx


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Also replaces names in imports of scripts. Django's option for that fails on scripts of django-htmx."""

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        (
            "js/*.js",
            (
                (r"""(?P<matched>from "(?P<url>\.[^"]+)";)""", 'from "%(url)s";'),
                (r"""(?P<matched>import\("(?P<url>\.[^"]+)"\);)""", 'import("%(url)s");'),
            ),
        ),
    )

    def stored_name(self, name):
        # A page without styles is better than an error.
        try:
            return super().stored_name(name)
        except ValueError:
            return name

    def compress_files(self, paths):
        """Compress the hashed files among `paths`. Delete other compressed files, which WhiteNoise would prefer."""
        hashed = set(self.hashed_files.values())
        for path in paths - hashed:
            for ending in (".gz", ".br"):
                Path(self.path(path + ending)).unlink(missing_ok=True)
        yield from super().compress_files([path for path in paths if path in hashed])


def collect() -> None:
    """Collect and compress static files if a file or a required package has changed."""
    digest = hashlib.sha256()
    own = [file for folder in settings.STATICFILES_DIRS for file in sorted(Path(folder).rglob("*")) if file.is_file()]
    for file in [settings.BASE_DIR / "requirements" / "run.txt", Path(__file__), *own]:
        digest.update(str(file).encode() + file.read_bytes())
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    # Old files stay, because processes of the previous version use them until they are restarted.
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=UNUSED)
    stamp.write_text(digest.hexdigest())
