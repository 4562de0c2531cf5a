"""Names: a model field that removes invisible characters and those that change the writing direction."""

import unicodedata
from typing import Any

from django.db import models

CONTROL_OR_FORMAT = {"Cc", "Cf", "Cs"}  # Cf: direction marks and zero-width characters
# Other characters of Unicode's Default_Ignorable_Code_Point: shown as nothing or as a space.
IGNORABLE = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810)}
VARIATION_SELECTORS = {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
INVISIBLE = IGNORABLE | VARIATION_SELECTORS


def visible(text: str) -> str:
    """Return the text without invisible characters, with each run of whitespace as one space.

    >>> visible("  Li\\u202e\\n\\u200bLin\\u3000 ")
    'Li Lin'
    """
    return " ".join(without_invisible(" ".join(text.split())).split())


def visible_lines(text: str) -> str:
    return "\n".join(visible(line) for line in text.splitlines())


def without_invisible(text: str) -> str:
    return "".join(
        character
        for character in text
        if unicodedata.category(character) not in CONTROL_OR_FORMAT and ord(character) not in INVISIBLE
    )


class NameField(models.CharField):  # type: ignore[type-arg]  # generic in the stubs only
    """A CharField cleaned by `visible` wherever a value enters: forms, the admin, imports and bulk updates."""

    clean_text = staticmethod(visible)

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return self.clean_text(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return self.clean_text(value) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class MultilineNameField(NameField):
    """A NameField that keeps line breaks."""

    clean_text = staticmethod(visible_lines)
