"""A demo company of any size: demo people copied into new teams below their team, each with a manager."""

import random
from datetime import timedelta

from benchmarks.bulk import BulkRows, settle
from benchmarks.copies import HISTORY, Copy, Original
from courseware.accounts.models import Membership, Team, User
from courseware.accounts.people.search import SearchTerm
from courseware.lib.text.pinyin import readings
from courseware.reporting.demo import PEOPLE

IN_A_TEAM = 40
TEAMS_BELOW = 10  # directly below a team
AT_A_TIME = 250  # people
# Percentage of copies by demo person; OTHER_SHARE for all others.
SHARES = {"tom.becker": 22, "sun.yue": 14, "gao.jie": 12, "qian.yiming": 2, "he.jun": 2, "zheng.hao": 2}
OTHER_SHARE = 5
# The history is at most this many days earlier: few for unfinished courses, or all would be overdue; 0 for absences.
DAYS = {"tom.becker": 420, "sun.yue": 330, "gao.jie": 10, "qian.yiming": 300, "he.jun": 0, "zheng.hao": 200}
OTHER_DAYS = 4
CHINESE = 0.7  # share of Chinese names
# Parts of names: Chinese surnames and given names; first names and last names.
SURNAMES, GIVEN, FIRST, LAST = (
    words.split()
    for words in (
        """
王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 高 林 罗 郑 梁 谢 宋 唐 许 韩 冯 邓 曹 彭 曾 萧 田 董 潘 袁
蔡 蒋 余 于 杜 叶 程 魏 苏 吕 丁 任 卢 姚 钟 姜 崔 谭 陆 范 汪 廖 石 金 韦 贾 夏 付 方 邹 熊 白 孟 秦 邱 侯 江
尹 薛 闫 段 雷 龙 黎 史 陶 贺 毛 郝 顾 龚 邵 万
""",
        """
伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 霞 平 刚 婷 雪 玲 欣 浩 宇 晨 佳怡 梓涵 子轩 雨桐 浩然 欣怡
志强 建国 秀英 海燕 晓东 文博 思远 嘉豪 雅琴 春梅 国庆 俊杰 诗涵 一诺 晓彤 永康 慧敏
""",
        """
James Mary Robert Linda Michael Sarah David Karen Daniel Nancy Maria Tom Grace Anna Lucas Emma Noah Olivia Liam
Sofia Amir Priya Ravi Elena Marco Ines Jonas Freya Owen Chloe
""",
        """
Smith Johnson Brown Garcia Miller Davis Martinez Wilson Anderson Taylor Moore Jackson Lee Thompson White Harris
Clark Lewis Walker Hall Young King Wright Scott Green Baker Adams Nelson Hill Becker Santos Park Lin Novak Rossi
""",
    )
)
PLACES = ["上海", "南京", "杭州", "苏州", "合肥", "宁波", "无锡", "Dublin", "Manila", "Kraków"]
WORK = ["电话组", "在线组", "前台组", "技术支持组"]


class DemoCompany:
    """The company; it needs the people of `create_demo`. `number` counts all people."""

    def __init__(self):
        people = User.objects.filter(email__in=[f"{each.address}@example.com" for each in PEOPLE])
        self.originals = [Original(person) for person in people.order_by("pk")]
        names = [name_of(each) for each in self.originals]
        self.shares = [SHARES.get(name, OTHER_SHARE) for name in names]
        self.days = {name: DAYS.get(name, OTHER_DAYS) for name in names}
        self.password = people[0].password
        # No teams below the late shift, which has no manager: a rule enrolls all its people.
        self.teams = list(Team.objects.filter(memberships__role=Membership.Role.MANAGER).order_by("pk"))
        self.number = User.objects.count()
        self.chance = random.Random(self.number)

    def grow(self, people):
        """Add people up to the number `people`; yield the current number after each batch."""
        while self.number < people:
            newcomers = Newcomers(self)
            while self.number < people and newcomers.number < AT_A_TIME:
                newcomers.take_in()
            newcomers.write()
            yield self.number
        settle()

    def name(self):
        """Return a new (name, email address)."""
        self.number += 1
        if self.chance.random() < CHINESE:
            name = self.chance.choice(SURNAMES) + self.chance.choice(GIVEN)
            surname, given = next(iter(readings(name)))
            words = "".join(surname), "".join(given)
        else:
            words = self.chance.choice(FIRST), self.chance.choice(LAST)
            name = " ".join(words)
        return name, f"{'.'.join(words).lower()}.{self.number}@example.com"

    @property
    def last_manager_of_team(self):
        return User.objects.get(memberships__team=self.teams[-1], memberships__role=Membership.Role.MANAGER)


def name_of(original):
    return original.person.email.partition("@")[0]


class Newcomers(BulkRows):
    """A batch of people that is written together."""

    def __init__(self, company):
        super().__init__((Team, *HISTORY, SearchTerm, Membership))
        self.company, self.number, self.team, self.places = company, 0, None, 0

    def take_in(self):
        if not self.places:
            self.team, self.places = self.new_team(), IN_A_TEAM
        [original] = self.company.chance.choices(self.company.originals, self.company.shares)
        days = self.company.chance.randint(0, self.company.days[name_of(original)])
        name, address = self.company.name()
        copy = Copy(original, self, timedelta(days=days), name=name, email=address)
        self.new(Membership, team=self.team, person=copy.person, role=Membership.Role.LEARNER.value)
        self.places -= 1
        self.number += 1

    def new_team(self):
        index = len(self.company.teams)
        parent = self.company.teams[(index - 1) // TEAMS_BELOW]
        name = f"{PLACES[index % len(PLACES)]} · {WORK[index % len(WORK)]} {index}"
        team = self.new(Team, name=name, parent=parent, ancestors=parent.place)
        self.company.teams.append(team)
        name, address = self.company.name()
        manager = self.new(User, name=name, email=address, password=self.company.password, is_demo=True)
        self.find_by_terms(manager)
        self.new(Membership, team=team, person=manager, role=Membership.Role.MANAGER.value)
        self.number += 1
        return team
