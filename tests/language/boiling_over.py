"""A simulation in which a kettle boils over, whole or with one place changed, and what the checker tells of it."""

from datetime import date
from functools import cache

from courseware.language.checking import check
from courseware.language.checking.simulations import check_simulations
from courseware.language.course import read_course
from courseware.language.simulation_text import make_simulation
from tests.language.samples import make_files

TODAY = date(2026, 11, 25)
PATH, PATH_EN = "01-water/02-drill.simulation.zh-hans.md", "01-water/02-drill.simulation.en.md"


# A kettle boils over while somebody is at the door: five situations, a message, chance, and endings of each colour.
DRILL = """---
id: drill
title: 水漫出来了
minutes: 2
objectives: [O1.1]
seconds: 20
chance: {guest: 1/3, day: [monday, friday]}
---

水壶在响，门铃也在响。

## 灶台 {#stove .alarm}

> **小李**：水溢出来了！
>
> **小李**：你快点！

汽从门缝里出来。

- [关火](#door "best") {calm=+5}
  > 先断源头。
- [喊小李去关](#door "weak") {calm=-5 if="calm >= 30"}
  > 他手里端着茶。
- [先去开门](#door "critical") {calm=-30 set=wet}
  > 水不等人。
- [你愣住了](#door "timeout") {calm=-10}
  > 水还在流。

> [!rule]
> 先水后火。

## 门口 {#door .scene seconds=0 if=guest else=note}

- [请客人稍等](#note "best")
  > 一句话就够。
- [不理](#note "harmful") {calm=-20}
  > 客人在雨里。

## 写张条子 {#note .chat}

拼一张条子。

- [x] 关火了没有 {set=noted}
  > 接班的人要知道。
- [ ] 小李的工资 {set=told}
  > 与水无关。
- [贴上](#monday-shift)
- [没写完，铃响了](#monday-shift "timeout") {calm=-5}
  > 写一半也好。

## 周一的班 {#monday-shift .call if=monday else=end}

- [交班](#end "best")
  > 说一句再走。
- [直接走](#end "weak")
  > 没人知道壶是热的。
- [你接着发呆](#end "timeout") {calm=-5}
  > 班还没交。

## 水漫金山 {#flood .red if=wet}

地毯湿透了。

## 话多了 {#gossip .yellow if="told and not wet"}

小李听说了。

## 没人知道壶是热的 {#nobody-knows .yellow if="not noted"}

条子是空的。

## 茶好了 {#tea .green}

壶在，人在。

## 一次真的溢水 {#real .debrief}

某研究所的茶水间。[^F-01]
"""


DRILL_EN = """---
id: drill
title: It boils over
---

The kettle whistles and so does the door.

## The stove {#stove}

> **Li**: It is boiling over!
>
> **Li**: Be quick!

Steam comes round the door.

- [Turn it off](#door "best")
  > Stop it where it starts.
- [Call Li to do it](#door "weak")
  > Both hands are full of tea.
- [Answer the door first](#door "critical")
  > Water waits for nobody.
- [You freeze](#door "timeout")
  > It runs on.

> [!rule]
> Water before fire.

## The door {#door}

- [Ask the guest to wait](#note "best")
  > One sentence is enough.
- [Ignore it](#note "harmful")
  > It rains on the guest.

## A note {#note}

Build a note.

- [x] Whether the stove is off
  > The next shift has to know.
- [ ] What Li earns
  > No business of the kettle.
- [Pin it up](#monday-shift)
- [Half written when the bell rings](#monday-shift "timeout")
  > Half a note is something.

## Monday's shift {#monday-shift}

- [Hand over](#end "best")
  > A sentence before you go.
- [Just go](#end "weak")
  > Nobody knows it is hot.
- [You dream on](#end "timeout")
  > Not handed over yet.

## A flood {#flood}

The carpet is soaked.

## Too much said {#gossip}

Li has heard.

## Nobody knows it is hot {#nobody-knows}

The note is blank.

## Tea is ready {#tea}

Kettle whole, people whole.

## A real one {#real}

The tea room of some institute. [^F-01]
"""


def drill_files(old="", new="", *, english=DRILL_EN):
    assert old in DRILL
    return make_files() | {PATH: DRILL.replace(old, new, 1).encode(), PATH_EN: english.encode()}


@cache  # read once: it is frozen
def drill(language="zh-hans", **files):
    return make_simulation(read_course(drill_files(**files)), "drill", language)


def told(files):
    return [str(problem) for problem in check(files, today=TODAY)]


def messages(old, new):
    """What is told of the drill with one mistake in its source file, path and line of that file left out."""
    problems = check_simulations(read_course(drill_files(old, new)))
    return [problem.message for problem in problems if problem.path == PATH]
