from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Our scripts import each other by the hashed names too.

    Django's `support_js_module_import_aggregation` would ask this of the scripts of every package, and django-htmx
    ships some that import what is not there.
    """

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
