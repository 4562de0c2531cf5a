from django.apps import AppConfig


class SimulationsConfig(AppConfig):
    name = "courseware.simulations"

    def ready(self):
        from courseware.learning.step_pages import register

        register("simulation", "simulations:simulation")
