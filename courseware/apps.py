from django.apps import AppConfig


class FrontDoorConfig(AppConfig):
    name = "courseware"
    label = "front_door"

    def ready(self):
        from django.contrib import admin

        from courseware import deployment, version  # noqa: F401 - the first registers its checks

        admin.site.version = version.in_words
