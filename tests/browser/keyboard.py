"""Keyboard-only control of a page: Tab, arrows, Space, Enter and characters."""

FAR = 120  # Tab presses after which a target counts as unreachable


class Keyboard:
    def __init__(self, page):
        self.page = page

    def tab_to(self, target):
        """Press Tab until `target` has the focus; fail if it is covered."""
        for _ in range(FAR):
            if target.evaluate("(element) => element === document.activeElement"):
                assert is_uncovered(target), f"{target} is hidden behind something while it has the focus"
                return target
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{target} cannot be reached with Tab on {self.page.url}")

    def press(self, target, key="Enter"):
        self.tab_to(target)
        self.page.keyboard.press(key)

    def type(self, target, text):
        self.tab_to(target)
        self.page.keyboard.type(text)

    def tick(self, target):
        self.press(target, "Space")

    def choose(self, group, label):
        """Choose a radio button within `group`: Tab to the group, arrows inside it."""
        group.wait_for()
        radios = group.get_by_role("radio")
        labels = [radio.evaluate("(element) => element.labels[0].innerText.trim()") for radio in radios.all()]
        assert label in labels, f"{label!r} is not one of {labels} on {self.page.url}"
        chosen = [number for number, radio in enumerate(radios.all()) if radio.is_checked()]
        start = chosen[0] if chosen else 0
        self.tab_to(radios.nth(start))
        if not chosen:
            self.page.keyboard.press("Space")
        for _ in range((labels.index(label) - start) % len(labels)):
            self.page.keyboard.press("ArrowDown")
        assert radios.nth(labels.index(label)).is_checked()


def is_uncovered(target):
    """Return whether the middle of the focused element is not covered by another one."""
    return target.evaluate(
        """(element) => {
             const box = element.getBoundingClientRect();
             const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
             return there === null || element.contains(there) || there.contains(element)
                 || [...(element.labels || [])].some((label) => label.contains(there));
           }"""
    )
