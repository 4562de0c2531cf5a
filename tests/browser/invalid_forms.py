"""Pages that say what is wrong with a form: each is reached by sending what the site refuses."""

from courseware.content.releases import drafts
from tests.world import lesson_document

# Empties the main form of the page and sends it, past the checks of the browser.
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
    """The main form of the page, or the one whose address holds `form`, sent with nothing in it."""

    def open_page(page, world):
        places = {"enrollment": world.enrollment, "learner": world.learner, "team": world.team, "course": world.course}
        page.goto(path.format_map({name: place.pk for name, place in places.items()}))
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
    """A question without a key: refused, with links to the line."""
    page.goto(editor_of(world))
    field = page.locator("#text-zh-hans")
    field.fill(field.input_value().replace("[x]", "[ ]"))
    save_draft(page)


def text_somebody_saved_meanwhile(page, world):
    page.goto(editor_of(world))
    document = lesson_document(world)
    text = document.head.texts.get(language="zh-hans")
    theirs = bytes(text.body) + "\n又一句。\n".encode()
    drafts.save_drafts(document, {"zh-hans": theirs}, base=document.head, by=world.people["admin"])
    field = page.locator("#text-zh-hans")
    field.fill(field.input_value() + "\n我的一句。\n")
    save_draft(page)


def text_of_a_document_that_went(page, world):
    page.goto(editor_of(world))
    lesson_document(world).__class__.objects.filter(pk=lesson_document(world).pk).update(head=None)
    save_draft(page)


def action(path, name):
    """The form of an action on the first row of a list, sent empty."""

    def open_page(page, world):
        page.goto(path)
        page.locator("input.action-select").first.check()
        page.locator("select[name=action]").select_option(name)
        with page.expect_navigation():
            page.locator("button[name=index]").click()
        with page.expect_navigation():
            page.evaluate(SEND_EMPTY, "")

    return open_page


# What is refused → (who, how). The document that goes comes last.
OF_THE_SITE = {
    "sign-in": (None, wrong_password),
    "reset of the password": (None, empty("/accounts/password/reset/")),
    "number of a certificate": (None, lambda page, _world: page.goto("/certificates/?number=x")),
    "change of the password": ("learner", empty("/accounts/password/change/")),
    "password once more": ("learner", empty("/accounts/reauthenticate/")),
    "survey": ("other learner", empty("/learn/tea-room/voice/")),
    "due date": ("manager", empty("/team/people/{enrollment}/", "/extend/")),
    "reason of an excuse": ("manager", empty("/team/people/{enrollment}/", "/excuse/")),
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
    "text somebody saved meanwhile": ("editor", text_somebody_saved_meanwhile),
    "document that went": ("editor", text_of_a_document_that_went),
}
