from django.apps import AppConfig


class UnsavedConfig(AppConfig):
    name = "courseware.autosave"
