from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models


class Person(AbstractBaseUser):
    """The product's table of people, read by a model that knows nothing more of it."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    session_number = models.PositiveIntegerField(default=0)
    USERNAME_FIELD = "email"

    class Meta:
        app_label = "benchmarks"
        managed = False
        db_table = "accounts_user"

    def __str__(self):
        return self.name

    def get_session_auth_hash(self):
        # As the product's: else its session is somebody else's here, and the reference would read no person.
        return f"{super().get_session_auth_hash()}.{self.session_number}"
