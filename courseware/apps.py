from django.apps import AppConfig


class FrontDoorConfig(AppConfig):
    name = "courseware"
    label = "front_door"

    def ready(self):
        from courseware import deployment  # noqa: F401 - registers its checks
