from courseware.reporting.saved_views import SavedView  # noqa: F401 - Django finds its models here
