"""App configuration of simulations."""

from django.apps import AppConfig


class SimulationsConfig(AppConfig):
    name = "courseware.simulations"

    def ready(self):
        from courseware.learning.lessons.course_rendering import register_step_page

        register_step_page("simulation", "simulations:simulation")
