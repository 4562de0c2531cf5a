"""Pages with form errors, each opened by submitting invalid data."""

from courseware.content.releases import drafts
from tests.world import lesson_document

# Empty the main form of the page and submit it without browser validation.
SEND_EMPTY = """(address) => {
  const forms = [...document.querySelectorAll("main form[method=post], #content form[method=post]")];
  const form = forms.find((each) => !address || each.action.includes(address));
  for (const field of form.elements) {
    if (field.type === "checkbox" || field.type === "radio") field.checked = false;
    else if (field.tagName !== "BUTTON" && !["hidden", "submit"].includes(field.type)) field.value = "";
  }
  form.noValidate = true;
  const button = form.querySelector("[type=submit], button:not([type=button])");
  if (button) button.click(); else HTMLFormElement.prototype.submit.call(form);
}"""


def empty(path, form=""):
    """Submit the main form, or the one whose action contains `form`, with empty fields."""

    def open_page(page, world):
        objects = {"enrollment": world.enrollment, "learner": world.learner, "team": world.team, "course": world.course}
        page.goto(path.format_map({name: each.pk for name, each in objects.items()}))
        with page.expect_navigation():
            page.evaluate(SEND_EMPTY, form)

    return open_page


def wrong_password(page, world):
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(world.learner.email)
    page.locator("[name=password]").fill("not the password")
    with page.expect_navigation():
        page.keyboard.press("Enter")


def editor_of(world):
    return f"/admin/content/document/{lesson_document(world).pk}/change/"


def save_draft(page):
    with page.expect_navigation():
        page.locator("[name=save]").click()


def text_with_problems(page, world):
    """A question without a key; the refusal links to its line."""
    page.goto(editor_of(world))
    field = page.locator("#text-zh-hans")
    field.fill(field.input_value().replace("[x]", "[ ]"))
    save_draft(page)


def edit_conflict(page, world):
    page.goto(editor_of(world))
    document = lesson_document(world)
    text = document.latest_revision.texts.get(language="zh-hans")
    theirs = bytes(text.body) + "\n又一句。\n".encode()
    drafts.save_drafts(document, {"zh-hans": theirs}, base=document.latest_revision, by=world.people["admin"])
    field = page.locator("#text-zh-hans")
    field.fill(field.input_value() + "\n我的一句。\n")
    save_draft(page)


def archived_document(page, world):
    page.goto(editor_of(world))
    lesson_document(world).__class__.objects.filter(pk=lesson_document(world).pk).update(latest_revision=None)
    save_draft(page)


def action(path, name):
    """Submit the form of an admin action for the first row, empty."""

    def open_page(page, world):
        page.goto(path)
        page.locator("input.action-select").first.check()
        page.locator("select[name=action]").select_option(name)
        with page.expect_navigation():
            page.locator("button[name=index]").click()
        with page.expect_navigation():
            page.evaluate(SEND_EMPTY, "")

    return open_page


# Invalid form → (role, function). The archived document comes last.
OF_THE_SITE = {
    "sign-in": (None, wrong_password),
    "reset of the password": (None, empty("/accounts/password/reset/")),
    "number of a certificate": (None, lambda page, _world: page.goto("/certificates/?number=x")),
    "change of the password": ("learner", empty("/accounts/password/change/")),
    "password once more": ("learner", empty("/accounts/reauthenticate/")),
    "survey": ("other learner", empty("/learn/tea-room/voice/")),
    "due date": ("manager", empty("/team/people/{enrollment}/", "/extend/")),
    "reason for an exemption": ("manager", empty("/team/people/{enrollment}/", "/exempt/")),
}
OF_THE_ADMIN = {
    "new person": ("admin", empty("/admin/accounts/user/add/")),
    "person": ("admin", empty("/admin/accounts/user/{learner}/change/")),
    "new team": ("admin", empty("/admin/accounts/team/add/")),
    "team": ("admin", empty("/admin/accounts/team/{team}/change/")),
    "new group": ("admin", empty("/admin/auth/group/add/")),
    "new enrollment": ("admin", empty("/admin/learning/enrollment/add/")),
    "more time for several": ("admin", action("/admin/learning/enrollment/", "extend")),
    "enrolling a team": ("admin", action("/admin/accounts/team/", "enroll")),
    "password of the admin": ("admin", empty("/admin/password_change/")),
    "publishing": ("editor", empty("/admin/content/course/{course}/publish/")),
    "text with problems": ("editor", text_with_problems),
    "text somebody saved meanwhile": ("editor", edit_conflict),
    "document that went": ("editor", archived_document),
}
