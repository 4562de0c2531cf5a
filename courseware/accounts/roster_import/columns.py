"""Column headings of lists of people, and how roles, languages and dates may be written in cells."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta

HEADINGS = {
    "staff_number": (
        "工号 员工编号 员工号 人员编号 职工号 员工工号 员工id 人员工号 "
        "staffnumber staffno staffid employeenumber employeeno employeeid personnelnumber personnelno"
    ),
    "name": "姓名 名字 员工姓名 人员姓名 中文名 name fullname displayname employeename employee person",
    "email": (
        "邮箱 电子邮箱 电子邮件 邮件 工作邮箱 公司邮箱 企业邮箱 邮箱地址 邮件地址 "
        "email emailaddress mail workemail workmail companyemail"
    ),
    "team": (
        "团队 部门 班组 组别 小组 组 所属部门 所属团队 所在部门 部门名称 部门路径 组织 "
        "team department teampath dept group unit organisation organization orgunit"
    ),
    "role": "角色 团队角色 身份 role teamrole",
    "language": "语言 界面语言 学习语言 language lang preferredlanguage locale",
    "job_role": "岗位 职位 职务 岗位名称 post jobrole position jobtitle title job",
    "starts_on": (
        "入职日期 入职日 入职时间 到岗日期 入司日期 开始日期 首日 "
        "startdate startday startson firstday hiredate hiredon joiningdate dateofjoining joined"
    ),
    "leaves_on": (
        "离职日期 离职日 离职时间 最后工作日 最后一天 末日 结束日期 "
        "leavingdate leavingday leaveson leavedate lastday enddate terminationdate exitdate"
    ),
}
COLUMN_OF = {word: field for field, words in HEADINGS.items() for word in words.split()}
IDENTITIES = ("staff_number", "email")

ROLES = {
    "learner": "学员 员工 组员 成员 学习者 learner employee member agent staff",
    "manager": "主管 经理 组长 班长 队长 管理者 负责人 部门主管 manager lead leader teamlead teamleader supervisor",
}
ROLE_OF = {word: role for role, words in ROLES.items() for word in words.split()}
LANGUAGES = {
    "zh-hans": "中文 汉语 简体 简体中文 中文简体 chinese zh zh-cn zh-hans zh-hans-cn simplifiedchinese",
    "en": "英文 英语 english en en-us en-gb",
}
LANGUAGE_OF = {word: tag for tag, words in LANGUAGES.items() for word in words.split()}

LAST_OF_SPREADSHEETS = 80_000  # the day of that number is in 2119
FIRST_OF_SPREADSHEETS = 20_000  # in 1954
DAY_NUMBERS_BEGIN = date(1899, 12, 30)
WRITTEN_DAYS = (
    re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]00:00(?::00)?)?"),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日?"),
    re.compile(r"(\d{4})(\d{2})(\d{2})"),
)


def folded(text: str) -> str:
    """Return the text for comparison: half-width, lower case, no spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def column_of(heading: str, columns: Mapping[str, str] = COLUMN_OF) -> str:
    """Return the field that a heading names, or "". `columns`: folded heading → field. Ignores signs and (text)."""
    bare = re.sub(r"\(.*?\)|\[.*?\]|[*:_./'’-]", "", folded(heading))
    return columns.get(bare, "")


def recognised(cells: list[str], columns: Mapping[str, str] = COLUMN_OF) -> set[str]:
    return {field for cell in cells if (field := column_of(cell, columns))}


def day_of(text: str) -> date | None:
    """Return the date, written as year, month, day or as the serial number of spreadsheets; None if it is no date."""
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    for written in WRITTEN_DAYS:
        if found := written.fullmatch(text):
            try:
                return date(*map(int, found.groups()))
            except ValueError:
                return None
    if text.isdecimal() and FIRST_OF_SPREADSHEETS < int(text) < LAST_OF_SPREADSHEETS:
        return DAY_NUMBERS_BEGIN + timedelta(days=int(text))
    return None


def cell_name(column: int, line: int) -> str:
    """Return the name of a cell, such as D47. Both numbers count from 1."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{line}"
