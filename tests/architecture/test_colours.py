"""Colours: written in one file, readable on every surface, told apart by every kind of eye."""

import re
from itertools import combinations

import pytest

from tests.architecture.tree import ROOT

pytestmark = pytest.mark.unit

TOKENS = (ROOT / "static" / "css" / "tokens.css").read_text(encoding="utf-8")
PAIR = re.compile(r"--([\w-]+): light-dark\(\s*(#[0-9a-f]{6})\s*,\s*(#[0-9a-f]{6})\s*\)")
COLOURS = {name: {"light": a, "dark": b} for name, a, b in PAIR.findall(TOKENS)}
LITERAL = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch|color)a?\(")
SURFACES = ("canvas", "panel", "raised")
TEXTS = ("fg", "fg2", "fg3", "link", "supports", "refutes", "neutral")
MARKS = (
    "sev1", "sev2", "sev3", "sev4", "network", "deployment", "database", "resource", "ok", "warn",
    "danger", "info", "control-line", "primary",
)  # fmt: skip
ON = (("on-primary", "primary"), *((f"on-sev{n}", f"sev{n}") for n in (1, 2, 3, 4)))
GROUPS = {
    "severity": ("sev1", "sev2", "sev3", "sev4"),
    "stance": ("supports", "refutes", "neutral"),
    "agents": ("network", "deployment", "database", "resource"),
    "state": ("ok", "warn", "danger", "info"),
}
LEAST_DISTANCE = 12.0
# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB.
VISIONS = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)
    ),
}  # fmt: skip
Vector = tuple[float, float, float]


def linear(colour: str) -> Vector:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return red, green, blue


def contrast(a: str, b: str) -> float:
    def luminance(colour: str) -> float:
        red, green, blue = linear(colour)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def times(matrix: tuple[Vector, ...], vector: Vector) -> Vector:
    first, second, third = (sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def oklab(colour: Vector) -> Vector:
    """Ottosson 2020."""
    bounded = tuple(min(1.0, max(0.0, c)) for c in colour)
    cones = times(
        ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
         (0.0883024619, 0.2817188376, 0.6299787005)), bounded,
    )  # fmt: skip
    return times(
        ((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
         (0.0259040371, 0.7827717662, -0.8086757660)), tuple(c ** (1 / 3) for c in cones),
    )  # fmt: skip


def distance(a: str, b: str, vision: str) -> float:
    seen = [oklab(times(VISIONS[vision], linear(c))) for c in (a, b)]
    return 100 * sum((x - y) ** 2 for x, y in zip(*seen, strict=True)) ** 0.5


def test_every_colour_is_a_token() -> None:
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in sorted((ROOT / "static" / "css").rglob("*.css"))
        if path.name != "tokens.css" and not path.name.startswith("bundle")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if LITERAL.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast(theme: str) -> None:
    def low(name: str, on: str, wanted: float) -> str | None:
        ratio = contrast(COLOURS[name][theme], COLOURS[on][theme])
        return None if ratio >= wanted else f"{name} on {on}: {ratio:.2f}"

    told = [low(text, surface, 4.5) for text in TEXTS for surface in SURFACES]
    told += [low(mark, surface, 3.0) for mark in MARKS for surface in SURFACES]
    told += [low(text, fill, 4.5) for text, fill in ON]
    assert [line for line in told if line] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("group", GROUPS)
def test_marks_of_a_group_are_told_apart_by_every_eye(theme: str, group: str) -> None:
    least = min(
        (distance(COLOURS[a][theme], COLOURS[b][theme], vision), a, b, vision)
        for a, b in combinations(GROUPS[group], 2)
        for vision in VISIONS
    )
    print(f"check 26: {group}, {theme}: at least {least[0]:.1f} apart")
    assert least[0] >= LEAST_DISTANCE, least


def test_the_measure_itself() -> None:
    """Black on white is 21; a red and a green that differ in hue only are one to a deutan."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert distance("#000000", "#ffffff", "normal") == pytest.approx(100, abs=0.1)
    assert distance("#cc5500", "#888800", "deutan") < distance("#cc5500", "#888800", "normal") / 2
