"""House styles for tests."""

from courseware.branding.branding import set_branding, style_of
from tests.making import make_admin


def put_on(course="", *, by=None, logo=None, **said):
    """Set the style of the site, or of a course, to this alone: `name_en="Anhe"`, `light="#123456"`."""
    columns = {
        "sender_address": "",
        "light": "",
        "dark": "",
        "logo_id": logo.pk if logo else None,
        "is_card_public": False,
    }
    columns |= {name: said.pop(name) for name in list(said) if name in columns}
    words = {}
    for key, text in said.items():
        what, _, tag = key.partition("_")
        words.setdefault(what, {})[{"en": "en", "zh": "zh-hans"}[tag]] = text
    before = style_of(course)
    values = {"words": words, **columns}
    return set_branding(course, values, base=before.number if before else 0, logo=logo, by=by or make_admin())
