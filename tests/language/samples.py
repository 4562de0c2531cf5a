"""A small course of our own in two languages, with every kind of document and question."""

COURSE = {
    "course.zh-hans.md": """---
id: tea-room
title: 茶水间守则
languages: [zh-Hans, en]
tracks: {day: 白班, night: 夜班}
meters: {calm: 平静}
completion: {lessons: all, passed: [last-cup]}
valid_months: 12
reviews: [2, 7]
---

一门很短的课。
""",
    "course.en.md": """---
id: tea-room
title: Rules of the tea room
tracks: {day: Day shift, night: Night shift}
meters: {calm: Calm}
---

A very short course.
""",
    "emergency.card.zh-hans.md": """---
id: card
title: 应急卡
---

## 火警 {#fire call=119}

放下杯子，走楼梯。
""",
    "emergency.card.en.md": """---
id: card
title: Emergency card
---

## Fire {#fire}

Put the cup down and take the stairs.
""",
    "outline.zh-hans.md": """---
id: outline
title: 大纲
---

## 水 {#M1.S1}

- 烧水 {#M1.S1.P1}
- 关火 {#M1.S1.P2}
""",
    "outline.en.md": """---
id: outline
title: Outline
---

## Water {#M1.S1}

- Boiling water {#M1.S1.P1}
- Turning it off {#M1.S1.P2}
""",
    "sources.zh-hans.md": """---
id: sources
title: 出处
---

- 水在海平面一百度沸腾。[某研究所，2020](https://example.org/zh) {#F-01 checked=2026-11-20}
""",
    "sources.en.md": """---
id: sources
title: Sources
---

- Water boils at 100 °C at sea level. [Some institute, 2020](https://example.org/en) {#F-01}
""",
    "terms.zh-hans.md": """---
id: terms
title: 术语
---

- 水壶 {#kettle}
""",
    "terms.en.md": """---
id: terms
title: Terms
---

- kettle {#kettle}
""",
    "01-water/module.zh-hans.md": """---
id: m1
title: 水
---

从水开始。

- **烧**一壶水 {#O1.1}
- **关**掉炉子 {#O1.2}
""",
    "01-water/module.en.md": """---
id: m1
title: Water
---

It begins with water.

- **Boil** a kettle {#O1.1}
- **Turn off** the stove {#O1.2}
""",
    "01-water/01-boiling.zh-hans.md": """---
id: boiling
title: 烧水
# 每人早上的第一件事。
objectives: [O1.1, O1.2]
covers: [M1.S1.P1, M1.S1]
---

## 早上七点 {#seven}

水壶空了，见[应急卡](#card)。换班见[选岗](#tracks)。[^F-01]

### 先做什么？ {#what-first .one objective=O1.1}

- [ ] 走开
  > 干烧会坏。
- [x] 加水
  > 有水才能烧。[^F-01]

> [!rule]
> 先水后火。

![一只水壶](media/kettle.zh-hans.svg "水壶")

> [!night]
> 夜里小声点。

### 哪些要擦？ {#what-to-wipe .several}

- [x] 台面
  > 有水渍。
- [ ] 天花板
  > 够不着。
- [x] 壶嘴
  > 有水垢。

### 哪里不对？ {#what-is-wrong .mark objective=O1.2}

看这张条子。

> **小李**：炉子开着，我先走了。

- [x] 炉子开着
  > 没人看着。
- [ ] 我先走了
  > 下班可以走。

### 排一排 {#in-order .order}

1. 加水
   > 先有水。
2. 开火
   > 再有火。
3. 关火
   > 最后关。

### 分一分 {#sorted .sort}

- **热的**
  - 水壶
    > 刚烧开。
- **凉的**
  - 冰
    > 刚拿出来。
  - 自来水
    > 没烧过。

### 记一句 {#note .open}

明天你会怎么做？

> [!say]
> “水开了。”

## 检查 {#check .check}

### 关火了吗？ {#is-it-off .one objective=O1.2}

1. [ ] 没有
   > 回去看看。
2. [x] 关了
   > 很好。
""",
    "01-water/01-boiling.en.md": """---
id: boiling
title: Boiling water
---

## Seven in the morning {#seven}

The kettle is empty, see the [card](#card). Shifts: [choose yours](#tracks). [^F-01]

### What comes first? {#what-first}

- [ ] Walk away
  > A dry boil ruins it.
- [x] Fill it
  > No water, no tea. [^F-01]

> [!rule]
> Water before fire.

![A kettle](media/kettle.en.svg "The kettle")

> [!night]
> Be quiet at night.

### What needs a wipe? {#what-to-wipe}

- [x] The counter
  > It is wet.
- [ ] The ceiling
  > Out of reach.
- [x] The spout
  > It has scale.

### What is wrong? {#what-is-wrong}

Look at this note.

> **Li**: The stove is on, I am off.

- [x] The stove is on
  > Nobody watches it.
- [ ] I am off
  > The shift is over.

### Put in order {#in-order}

1. Fill
   > Water first.
2. Heat
   > Then fire.
3. Turn off
   > Last of all.

### Sort {#sorted}

- **Hot**
  - Kettle
    > Just boiled.
- **Cold**
  - Ice
    > Just out of the freezer.
  - Tap water
    > Never heated.

### Write it down {#note}

What will you do tomorrow?

> [!say]
> "It has boiled."

## Check {#check}

### Is it off? {#is-it-off}

1. [ ] No
   > Go and look.
2. [x] Yes
   > Good.
""",
    "01-water/02-drill.simulation.zh-hans.md": """---
id: drill
title: 演练
minutes: 2
objectives: [O1.1]
seconds: 10
---

响了。

## 门口 {#door .scene}

- [出去](#end "best") {calm=+5}
  > 先出去。
- [你站着没动](#end "timeout") {calm=-5}
  > 烟不等人。

## 外面 {#out .green}

到了。
""",
    "01-water/02-drill.simulation.en.md": """---
id: drill
title: Drill
---

It rings.

## At the door {#door}

- [Leave](#end "best")
  > Out first.
- [You stand still](#end "timeout")
  > Smoke does not wait.

## Outside {#out}

You made it.
""",
    "02-end/module.zh-hans.md": """---
id: m2
title: 结束
---

喝完。
""",
    "02-end/module.en.md": """---
id: m2
title: The end
---

Drink up.
""",
    "02-end/01-last.exam.zh-hans.md": """---
id: last-cup
title: 最后一杯
minutes: 5
pass_mark: 80
strata:
  - {bank: tea-bank, draw: 2, critical: [[O1.2]]}
retakes:
  - {wait: 10 min, after: lessons}
reopens: 7 days
---

慢慢来。
""",
    "02-end/01-last.exam.en.md": """---
id: last-cup
title: The last cup
---

Take your time.
""",
    "02-end/02-voice.survey.zh-hans.md": """---
id: voice
title: 你怎么看
---

## 推荐吗？ {#recommend .scale from=0 to=10}

- 不会
- 会

## 留言 {#say-more .open}
""",
    "02-end/02-voice.survey.en.md": """---
id: voice
title: Your view
---

## Recommend it? {#recommend}

- Never
- Certainly

## More {#say-more}
""",
    "02-end/bank/tea.bank.zh-hans.md": """---
id: tea-bank
title: 题库
---

## 水开了 {#bank-boiled .one objective=O1.1 level=apply section=check family=boiled}

怎么办？

- [x] 关火
  > 开了就关。
- [ ] 加火
  > 会溢出来。

## 水没开 {#bank-cold .one objective=O1.1 level=recall section=check}

怎么办？

- [ ] 倒掉
  > 浪费。
- [x] 等着
  > 快了。

## 有烟 {#bank-smoke .one objective=O1.2 level=apply section=check critical}

怎么办？

- [x] 报警
  > 人要紧。
- [ ] 拍照
  > 没用。

## 有焦味 {#bank-smell .one objective=O1.2 level=apply section=check critical}

怎么办？

- [ ] 开窗
  > 先断火。
- [x] 断火
  > 先断火。
""",
    "02-end/bank/tea.bank.en.md": """---
id: tea-bank
title: Bank
---

## It boils {#bank-boiled}

What now?

- [x] Turn it off
  > Boiled is boiled.
- [ ] Turn it up
  > It spills.

## It does not boil {#bank-cold}

What now?

- [ ] Empty it
  > A waste.
- [x] Wait
  > Nearly there.

## Smoke {#bank-smoke}

What now?

- [x] Raise the alarm
  > People first.
- [ ] Take a picture
  > No use.

## A burnt smell {#bank-smell}

What now?

- [ ] Open a window
  > Cut the heat first.
- [x] Cut the heat
  > Cut the heat first.
""",
    "media/kettle.zh-hans.svg": '<svg viewBox="0 0 9 9"><title>水壶</title><desc>一只水壶</desc></svg>',
    "media/kettle.en.svg": '<svg viewBox="0 0 9 9"><title>Kettle</title><desc>A kettle</desc></svg>',
}


def drawing(view_box: str = "0 0 9 9", inside: str = "") -> bytes:
    return f'<svg viewBox="{view_box}"><title>Kettle</title><desc>A kettle</desc>{inside}</svg>'.encode()


# Asked of who leads somebody. No part of the course above: nobody is asked where a test is about something else.
SHEET = {
    "02-end/03-month-later.survey.zh-hans.md": """---
id: month-later
title: 一个月后
for: manager
after_days: 30
---

去看一看。

## 关火吗？ {#seen-off .one}

- 关
- 有时关
- 不关

## 杯子呢？ {#seen-cup .one}

- 洗
- 不洗

## 缺什么？ {#seen-lacking .open}
""",
    "02-end/03-month-later.survey.en.md": """---
id: month-later
title: A month later
---

Have a look.

## Is it turned off? {#seen-off}

- Yes
- At times
- No

## And the cup? {#seen-cup}

- Washed
- Not washed

## What is missing? {#seen-lacking}
""",
}


# Offered and not asked for. No part of the course above, either.
OPTIONAL = {
    "01-water/03-pouring.zh-hans.md": """---
id: pouring
title: 倒水
optional: true
objectives: [O1.2]
---

## 倒到哪里？ {#how-full .one objective=O1.2}

- [x] 七分满
  > 不会洒。
- [ ] 全满
  > 会洒。

> [!rule]
> 倒七分满。
""",
    "01-water/03-pouring.en.md": """---
id: pouring
title: Pouring
---

## How full? {#how-full}

- [x] Not quite
  > Nothing is spilt.
- [ ] To the brim
  > It spills.

> [!rule]
> Leave some room.
""",
}


def make_files(**replaced: str) -> dict[str, bytes]:
    """The files of the course, as they lie in its folder."""
    return {path: text.encode() for path, text in (COURSE | replaced).items()}


def damage(path: str, old: str, new: str, count: int = 1) -> dict[str, bytes]:
    """The files with one mistake: `old` in the file `path` becomes `new`."""
    assert old in COURSE[path], f"{old!r} does not stand in {path}"
    return make_files() | {path: COURSE[path].replace(old, new, count).encode()}
