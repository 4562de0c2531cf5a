"""Password hashing with Argon2id in little memory."""

from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.hashers import Argon2PasswordHasher

# Own threads, because the C library keeps the memory of a hash for each thread that has made one.
HASHING = ThreadPoolExecutor(2, thread_name_prefix="hashing")


class SmallArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with OWASP's settings for the least memory."""

    memory_cost = 19 * 1024  # KiB
    time_cost = 2
    parallelism = 1

    def encode(self, password, salt):
        return HASHING.submit(super().encode, password, salt).result()

    def verify(self, password, encoded):
        return HASHING.submit(super().verify, password, encoded).result()
