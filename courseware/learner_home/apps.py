"""App configuration of the home page."""

from django.apps import AppConfig


class LearnerHomeConfig(AppConfig):
    name = "courseware.learner_home"
