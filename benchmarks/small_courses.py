"""Files of small courses with three lessons, for companies with several courses."""

COURSE = """---
id: {course}
title: Course {course}
languages: [en]
tracks: {{all: Everybody}}
meters: {{calm: Calm}}
completion: {{lessons: all}}
valid_months: 12
---

A short course.
"""
MODULE = """---
id: {course}-module
title: The only module
---

Three lessons.

- **Know** it {{#O1.1}}
"""
LESSON = """---
id: {course}-lesson-{number}
title: Lesson {number}
minutes: 2
objectives: [O1.1]
---

## Read it {{#read}}

What there is to know.
"""


def files_of(course: str) -> dict[str, bytes]:
    """Return path in the course folder → content."""
    files = {"course.en.md": COURSE, "01-module/module.en.md": MODULE}
    texts = {path: text.format(course=course) for path, text in files.items()}
    for number in (1, 2, 3):
        texts[f"01-module/0{number}-lesson.en.md"] = LESSON.format(course=course, number=number)
    return {path: text.encode() for path, text in texts.items()}
