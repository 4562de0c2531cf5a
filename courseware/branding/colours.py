"""Colours of the branding (#rrggbb), their contrast (WCAG 2.2, 1.4.3) on backgrounds of `site.css`, and style sheet."""

import colorsys
import hashlib
from dataclasses import dataclass

LEAST = 4.5
STEPS = 255  # of lightness


@dataclass(frozen=True)
class Theme:
    """A light or dark theme. With the lightness `ends_at`, any colour is readable on its backgrounds."""

    colour: str  # default
    grounds: tuple[str, ...]
    on_line: str  # colour of text on `colour`
    tint: float  # share of the colour in its soft background
    ends_at: int


LIGHT = Theme("#0f5f73", ("#faf8f4", "#ffffff"), "#ffffff", 0.12, 0)
DARK = Theme("#6cc3d5", ("#10181f", "#17222b", "#0d151b"), "#0b1a20", 0.18, 1)


def luminance(colour: str) -> float:
    """Return the relative luminance (WCAG) of "#rrggbb", from 0 to 1."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts_of(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours ("#rrggbb"), from 1 to 21."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def parts_of(colour: str) -> tuple[float, float, float]:
    """Return red, green and blue of "#rrggbb", each from 0 to 1."""
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def written(parts: tuple[float, ...]) -> str:
    """Return "#rrggbb" of red, green and blue, each from 0 to 1."""
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def soft(colour: str, theme: Theme) -> str:
    """Return the soft background ("#rrggbb") of labels and messages in this colour."""
    pairs = zip(parts_of(colour), parts_of(theme.grounds[1]), strict=True)
    return written(tuple(theme.tint * one + (1 - theme.tint) * ground for one, ground in pairs))


def least_contrast(colour: str, theme: Theme) -> float:
    """Return the lowest contrast of the colour: as text on each background, and as background of text."""
    return min(contrast(colour, ground) for ground in (*theme.grounds, soft(colour, theme), theme.on_line))


def nearest_readable(colour: str, theme: Theme) -> str:
    """Return the colour if it is readable in this theme, else the same hue at the nearest readable lightness."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*parts_of(colour))
    for step in range(STEPS + 1):
        new_lightness = lightness + (theme.ends_at - lightness) * step / STEPS
        found = written(colorsys.hls_to_rgb(hue, new_lightness, saturation)) if step else colour
        if least_contrast(found, theme) >= LEAST:
            return found
    raise ValueError(f"nothing can be read on {theme.grounds}")


def colour_stylesheet(light: str, dark: str) -> str:
    """Return CSS that sets the colours for light and dark pages; "" stands for the default colour."""
    colours = [(light or LIGHT.colour, LIGHT), (dark or DARK.colour, DARK)]
    tokens = [("line", *(colour for colour, _theme in colours)), ("line-soft", *(soft(*look) for look in colours))]
    only_light = "".join(f"--{name}:{one};" for name, one, _other in tokens)
    both = "".join(f"--{name}:light-dark({one},{other});" for name, one, other in tokens)
    return f":root{{{only_light}}}\n@supports (color:light-dark(#fff,#000)){{@media screen{{:root{{{both}}}}}}}\n"


def digest_of_stylesheet(light: str, dark: str) -> str:
    """Return a checksum of the style sheet. It is part of the URL, so browsers may cache the file forever."""
    return hashlib.sha256(colour_stylesheet(light, dark).encode()).hexdigest()[:12]
