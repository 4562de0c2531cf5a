"""A minimal user model for the reference page."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models


class Person(AbstractBaseUser):
    """Reads the product's user table."""

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
        # The same as in the product, so that its sessions are valid here.
        return f"{super().get_session_auth_hash()}.{self.session_number}"
