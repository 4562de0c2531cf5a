from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.hashers import Argon2PasswordHasher

# Threads of their own, and not only a count: the C library keeps a hash's memory with each thread that ever made one.
HASHING = ThreadPoolExecutor(2, thread_name_prefix="hashing")


class SmallArgon2Hasher(Argon2PasswordHasher):
    """Argon2id as OWASP asks for it at the least memory; Django's default takes 100 MiB and eight threads a hash."""

    memory_cost = 19 * 1024  # KiB
    time_cost = 2
    parallelism = 1

    def encode(self, password, salt):
        return HASHING.submit(super().encode, password, salt).result()

    def verify(self, password, encoded):
        return HASHING.submit(super().verify, password, encoded).result()
