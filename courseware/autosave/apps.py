"""App of autosaved form texts."""

from django.apps import AppConfig


class AutosaveConfig(AppConfig):
    name = "courseware.autosave"
