"""Two small courses: one with an exam and short renewal, one that takes a minute."""

COURSE = """---
id: {name}
title: {title}
languages: [en]
tracks: {{day: Day}}
meters: {{calm: Calm}}
completion: {completion}
valid_months: {months}
---

As short as a course can be.
"""
OUTLINE = """---
id: outline-{name}
title: Outline
---

## All of it {{#M1.S1}}

- This {{#M1.S1.P1}}
"""
MODULE = """---
id: module-{name}
title: Module
---

Read on.

- **Know** it {{#O1.1}}
- **Do** it {{#O1.2}}
"""
CHECKED = """---
id: {name}
title: {title}
objectives: [{objective}]
covers: [M1.S1.P1, M1.S1]
---

{text}

### Have you begun? {{#begun-{name} .one objective={objective}}}

1. [ ] No
   > Begin.
2. [x] Yes
   > Go on.

## Check {{#check .check}}

### Is it done? {{#done-{name} .one objective={objective}}}

1. [ ] No
   > Do it.
2. [x] Yes
   > Good.
"""
READ = """---
id: {name}
title: {title}
objectives: [{objective}]
---

{text}
"""
EXAM = """---
id: exam
title: Exam
minutes: 5
pass_mark: 50
strata:
  - {bank: questions, draw: 2}
---

Two questions.
"""
BANK = """---
id: questions
title: Questions
---

## Which first? {#first .one objective=O1.1 level=recall}

Choose.

- [x] This
  > Right.
- [ ] That
  > Not yet.

## Which last? {#last .one objective=O1.2 level=recall}

Choose.

- [ ] This
  > Too early.
- [x] That
  > Right.
"""


def safety(*, text="Close the door.", with_third=False):
    """The course with an exam. `text` is the text of its second lesson; `with_third` adds a lesson."""
    files = {
        "course.en.md": COURSE.format(
            name="safety", title="Safety", completion="{lessons: all, passed: [exam]}", months=3
        ),
        "outline.en.md": OUTLINE.format(name="safety"),
        "01-all/module.en.md": MODULE.format(name="safety"),
        "01-all/01-doors.en.md": CHECKED.format(name="doors", title="Doors", objective="O1.1", text="Open the door."),
        "01-all/02-keys.en.md": READ.format(name="keys", title="Keys", objective="O1.2", text=text),
        "01-all/09-exam.exam.en.md": EXAM,
        "01-all/bank/questions.bank.en.md": BANK,
    }
    if with_third:
        third = READ.format(name="lamps", title="Lamps", objective="O1.2", text="Turn them off.")
        files["01-all/03-lamps.en.md"] = third
    return encoded(files)


def privacy():
    """The course without an exam."""
    return encoded({
        "course.en.md": COURSE.format(name="privacy", title="Privacy", completion="{lessons: all}", months=12),
        "outline.en.md": OUTLINE.format(name="privacy"),
        "01-all/module.en.md": MODULE.format(name="privacy"),
        "01-all/01-names.en.md": CHECKED.format(name="names", title="Names", objective="O1.1", text="Say no names."),
    })  # fmt: skip


def encoded(files):
    return {path: text.encode() for path, text in files.items()}
