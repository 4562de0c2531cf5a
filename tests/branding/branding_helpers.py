"""Helpers that set a branding."""

from courseware.branding.branding import set_branding, style_of
from tests.making import make_admin


def put_on(course="", *, by=None, logo=None, **said):
    """Set the branding of the site or a course to exactly this: `name_en="Anhe"`, `light="#123456"`."""
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
        field, _, tag = key.partition("_")
        words.setdefault(field, {})[{"en": "en", "zh": "zh-hans"}[tag]] = text
    before = style_of(course)
    values = {"words": words, **columns}
    return set_branding(course, values, base=before.number if before else 0, logo=logo, by=by or make_admin())
