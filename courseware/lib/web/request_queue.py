"""Request queue: limits the requests served at a time. Saves always wait for a slot, page views only for a while."""

import threading


class RequestQueue:
    """Serve `places` requests at a time, saves first. At most `room` pages wait, for at most `patience` seconds."""

    def __init__(self, places: int, room: int, patience: float):
        self.changed = threading.Condition()
        self.free, self.room, self.patience = places, room, patience
        self.places, self.rooms = places, room
        self.saves_waiting = 0

    @property
    def waiting(self) -> int:
        return self.saves_waiting + self.rooms - self.room

    @property
    def at_work(self) -> int:
        return self.places - self.free

    def take(self, *, is_save: bool) -> bool:
        """Wait for a slot; return whether the request got one (a save always does). Return that slot by `give_back`."""
        with self.changed:
            has_slot = self._wait_as_save() if is_save else self._wait_as_page()
            self.free -= has_slot
            return has_slot

    def give_back(self) -> None:
        with self.changed:
            self.free += 1
            self.changed.notify_all()

    def _wait_as_save(self) -> bool:
        self.saves_waiting += 1
        self.changed.wait_for(lambda: self.free > 0)
        self.saves_waiting -= 1
        return True

    def _wait_as_page(self) -> bool:
        if self._is_free_for_pages():
            return True
        if not self.room:
            return False
        self.room -= 1
        try:
            return self.changed.wait_for(self._is_free_for_pages, self.patience)
        finally:
            self.room += 1

    def _is_free_for_pages(self) -> bool:
        return self.free > self.saves_waiting
