"""The two colours of the branding: contrast (WCAG 2.2, 1.4.3) on the grounds of `site.css`, and their style sheet."""

import colorsys
import hashlib
from dataclasses import dataclass

LEAST = 4.5
STEPS = 255  # of lightness


@dataclass(frozen=True)
class Theme:
    """A light or dark theme; at the lightness `ends_at` any colour is readable on its grounds."""

    colour: str  # of the product
    grounds: tuple[str, ...]
    on_line: str  # text on the colour
    tint: float  # share of the colour in its soft ground
    ends_at: int


LIGHT = Theme("#0f5f73", ("#faf8f4", "#ffffff"), "#ffffff", 0.12, 0)
DARK = Theme("#6cc3d5", ("#10181f", "#17222b", "#0d151b"), "#0b1a20", 0.18, 1)


def luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts_of(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, from 1 to 21."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def parts_of(colour: str) -> tuple[float, float, float]:
    """Red, green and blue of "#rrggbb", from 0 to 1."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def written(parts: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def soft(colour: str, theme: Theme) -> str:
    """The soft ground of labels and messages in this colour."""
    pairs = zip(parts_of(colour), parts_of(theme.grounds[1]), strict=True)
    return written(tuple(theme.tint * one + (1 - theme.tint) * ground for one, ground in pairs))


def least_contrast(colour: str, theme: Theme) -> float:
    """The lowest contrast: as text on a page, a card or its soft ground, or below text on it."""
    return min(contrast(colour, ground) for ground in (*theme.grounds, soft(colour, theme), theme.on_line))


def nearest_readable(colour: str, theme: Theme) -> str:
    """The colour, if it is readable; otherwise the same hue at the nearest readable lightness."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*parts_of(colour))
    for step in range(STEPS + 1):
        tried = lightness + (theme.ends_at - lightness) * step / STEPS
        found = written(colorsys.hls_to_rgb(hue, tried, saturation)) if step else colour
        if least_contrast(found, theme) >= LEAST:
            return found
    raise ValueError(f"nothing can be read on {theme.grounds}")


def colour_stylesheet(light: str, dark: str) -> str:
    """CSS for the branding's colours; "" stands for the product's."""
    looks = [(light or LIGHT.colour, LIGHT), (dark or DARK.colour, DARK)]
    tokens = [("line", *(colour for colour, _theme in looks)), ("line-soft", *(soft(*look) for look in looks))]
    only_light = "".join(f"--{name}:{one};" for name, one, _other in tokens)
    both = "".join(f"--{name}:light-dark({one},{other});" for name, one, other in tokens)
    return f":root{{{only_light}}}\n@supports (color:light-dark(#fff,#000)){{@media screen{{:root{{{both}}}}}}}\n"


def digest_of_stylesheet(light: str, dark: str) -> str:
    """Part of the sheet's URL, so that browsers may cache it forever."""
    return hashlib.sha256(colour_stylesheet(light, dark).encode()).hexdigest()[:12]
