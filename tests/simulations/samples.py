"""A simulation with every feature, and courses that contain it. It shares no text with the shipped course."""

from courseware.content.models import Course
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from tests.course_format.samples import COURSE, make_files
from tests.making import make_course, make_enrollment

KETTLE = "kettle-fire"

# Best path: rings → where (home: kitchen) → note → end. "friend" comes in 1 attempt of 3, unless the house burns.
SIMULATION = {
    "zh-hans": """---
id: kettle-fire
title: 水壶着火
minutes: 3
objectives: [O1.1, O1.2]
seconds: 20
chance: {friend: 1/3}
---

茶水间冒烟了。先人后物。[^F-01]

## 警铃响了 {#rings .alarm}

> **小李**：好像是茶水间。
>
> **小王**：别管它。

- [放下杯子，去看看](#where "best") {calm=+10}
  > 看一眼就知道轻重。
- [继续喝茶](#where "critical") {calm=-30 set=burnt}
  > 茶喝完，屋子也没了。
- [叫小李去](#where "weak") {calm=-5}
  > 他也在等你。
- [你没动](#where "timeout") {calm=-10}
  > 烟不等人。

> [!rule]
> 先去看。[^F-01]

## 你在哪儿？ {#where .scene seconds=0}

- [在店里](#note)
- [在家里](#kitchen) {set=home}

## 自己的厨房 {#kitchen .scene if=home else=note}

灶台上有火苗。

- [盖上锅盖](#note "best") {calm=+5}
  > 火没了空气。
- [浇水](#note "harmful") {calm=-40 set=burnt}
  > 油遇水会炸开。
- [你站着看](#note "timeout") {calm=-5}
  > 火苗高了一截。

## 写一张条子 {#note .chat seconds=30}

> **值班**：告诉大家什么？

- [x] 着火的地方 {calm=+5}
  > 别人好绕开。
- [x] 人都出来了没有
  > 这是先要知道的。
- [ ] 谁没关火 {calm=-10 set=blamed}
  > 现在不是算账的时候。
- [发出去](#friend)
- [没写完](#friend "timeout") {calm=-5}
  > 一句也好。

## 老朋友来了 {#friend .call if="friend and not burnt" else=end}

> **老周**：还能喝茶吗？

- [请他坐外面](#end "best") {calm=+5}
  > 茶可以等。
- [让他进来](#end "acceptable")
  > 烟还没散。
- [没听见](#end "timeout") {calm=-5}
  > 他走了。

## 烧光了 {#burnt-down .red if=burnt}

屋子没了。

## 有人难过 {#hurt .yellow if=blamed}

火灭了，人走了。

## 虚惊一场 {#calm-end .green}

茶还热着。

## 真事 {#real .debrief}

有一年，某地一间茶馆失火。[^F-01]
""",
    "en": """---
id: kettle-fire
title: The kettle is on fire
---

Smoke in the tea room. People first. [^F-01]

## The bell rings {#rings}

> **Li**: The tea room, I think.
>
> **Wang**: Never mind it.

- [Put the cup down and look](#where "best")
  > One look tells how bad it is.
- [Finish the tea](#where "critical")
  > The tea is gone, and so is the house.
- [Send Li](#where "weak")
  > Li waits for you.
- [You do not move](#where "timeout")
  > Smoke does not wait.

> [!rule]
> Go and look. [^F-01]

## Where are you? {#where}

- [In the shop](#note)
- [At home](#kitchen)

## Your own kitchen {#kitchen}

A small flame on the stove.

- [Put the lid on](#note "best")
  > No air, no fire.
- [Pour water](#note "harmful")
  > Oil and water explode.
- [You stand and watch](#note "timeout")
  > It grows.

## Write a note {#note}

> **Duty**: What do we tell the others?

- [x] Where it burns
  > So they can walk around it.
- [x] Whether all are out
  > The first thing to know.
- [ ] Who left it on
  > Not the time for blame.
- [Send it](#friend)
- [Not finished](#friend "timeout")
  > One line is enough.

## An old friend comes {#friend}

> **Zhou**: Is there tea?

- [Seat him outside](#end "best")
  > Tea can wait.
- [Let him in](#end "acceptable")
  > There is still smoke.
- [You do not hear](#end "timeout")
  > He left.

## Burnt down {#burnt-down}

The house is gone.

## Somebody is hurt {#hurt}

The fire is out, and so is a colleague.

## A false alarm {#calm-end}

The tea is still hot.

## A true story {#real}

One year a tea house burnt somewhere. [^F-01]
""",
}
PATHS = {language: f"01-water/03-kettle.simulation.{language}.md" for language in SIMULATION}
COMPLETION = "completion: {lessons: all, passed: [last-cup]}"


def simulation_files(*, is_required=True, **replaced):
    """The sample course with the simulation; `replaced` maps zh_hans and en to other texts."""
    texts = {PATHS[language]: replaced.get(language.replace("-", "_"), text) for language, text in SIMULATION.items()}
    if is_required:
        course = COURSE["course.zh-hans.md"]
        texts["course.zh-hans.md"] = course.replace(COMPLETION, COMPLETION[:-1] + ", not_red: [kettle-fire]}")
    return make_files(**texts)


def make_simulation_course(**options):
    return make_course(simulation_files(**options))


def make_player(learner=None, **options):
    """An enrollment in the course with the simulation; the course is made if missing."""
    course = Course.objects.exclude(current=None).first() or make_simulation_course(**options)
    return make_enrollment(learner, course)


def change(**replaced):
    """Release the course with a changed simulation: `zh_hans` and `en` are (old, new) texts."""
    texts = {}
    for name, (old, new) in replaced.items():
        text = SIMULATION[name.replace("_", "-")]
        assert old in text, f"{old!r} does not stand in the simulation"
        texts[name] = text.replace(old, new)
    import_course(simulation_files(**texts))


def rules(course=None, language="zh-hans"):
    course = course or Course.objects.exclude(current=None).select_related("current").get()
    return store.page(course.current, KETTLE, language).simulation
