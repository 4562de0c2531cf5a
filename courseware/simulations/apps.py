from django.apps import AppConfig


class SimulationsConfig(AppConfig):
    name = "courseware.simulations"
