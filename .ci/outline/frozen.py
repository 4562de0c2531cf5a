"""A world that is the same each time: one moment, and chance that repeats itself.

Import before anything of the site, which takes what it needs of these modules when it is imported.
"""

import os
import random
import secrets
import uuid
from datetime import datetime, timedelta, timezone

import time_machine

MOMENT = datetime(2026, 11, 25, 10, 30, tzinfo=timezone(timedelta(hours=8)))  # a Wednesday


class Chance:
    """Streams of numbers by what they are for, begun anew for each scene: one more here shifts nothing there."""

    def __init__(self):
        self.begin("start")

    def begin(self, scene: str) -> None:
        self.scene, self.streams, self.count = scene, {}, 0
        random.seed(scene)

    def stream(self, purpose: str) -> random.Random:
        return self.streams.setdefault(purpose, random.Random(f"{self.scene} {purpose}"))

    def uuid4(self) -> uuid.UUID:
        return uuid.UUID(int=self.stream("uuid").getrandbits(128), version=4)

    def token_hex(self, nbytes=32) -> str:
        return self.stream("hex").randbytes(nbytes).hex()

    def token_bytes(self, nbytes=32) -> bytes:
        return self.stream("bytes").randbytes(nbytes)

    def choice(self, sequence):
        return self.stream("choice").choice(sequence)

    def next_seed(self) -> str:
        self.count += 1
        return f"{self.scene} system {self.count}"


chance = Chance()


class FrozenRandom(random.Random):
    def __init__(self):
        super().__init__(chance.next_seed())


def freeze():
    random.SystemRandom = FrozenRandom
    secrets.token_hex, secrets.choice, uuid.uuid4 = chance.token_hex, chance.choice, chance.uuid4
    secrets.token_bytes = os.urandom = chance.token_bytes  # keys of a second step, which stand in its pages
    time_machine.travel(MOMENT, tick=False).start()


class OneRandom(random.Random):
    """The same draw each time, whichever process of the site it falls to."""

    def __init__(self):
        super().__init__("demo")


def freeze_demo():
    """For a served site, where no two forms may get one token."""
    random.SystemRandom, secrets.token_hex = OneRandom, chance.token_hex
    time_machine.travel(MOMENT, tick=False).start()
