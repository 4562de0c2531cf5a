"""The sample course plus a lesson without questions."""

from tests.course_format.samples import FOLLOW_UP, make_files
from tests.making import make_course

POURING = {
    "01-water/03-pouring.zh-hans.md": """---
id: pouring
title: 倒水
objectives: [O1.2]
---

## 慢一点 {#slowly}

水满则溢。
""",
    "01-water/03-pouring.en.md": """---
id: pouring
title: Pouring
---

## Slowly {#slowly}

A full cup spills.
""",
}
# Bank question → its right answer.
RIGHT = {
    "It boils": "Turn it off",
    "It does not boil": "Wait",
    "Smoke": "Raise the alarm",
    "A burnt smell": "Cut the heat",
}


def make_tea_room():
    return make_course(make_files(**POURING, **FOLLOW_UP))
