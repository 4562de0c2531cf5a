from django.apps import AppConfig


class JourneyConfig(AppConfig):
    name = "courseware.learner_home"
