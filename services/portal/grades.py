"""Grades as people see them: a tone for the colour, a label, and the bands of the scale by policy version."""

from dataclasses import dataclass

from services.common.kernel.grade import Grade

FULL_SCORE = 1_000_000
_LABELS = {
    Grade.AAA: ("信用极好", "Excellent"),
    Grade.AA: ("信用优良", "Very good"),
    Grade.A: ("信用良好", "Good"),
    Grade.BBB: ("信用较好", "Fairly good"),
    Grade.BB: ("信用一般", "Fair"),
    Grade.B: ("信用偏弱", "Somewhat weak"),
    Grade.CCC: ("信用较差", "Weak"),
    Grade.CC: ("信用差", "Poor"),
    Grade.C: ("信用很差", "Very poor"),
    Grade.D: ("信用极差或已列入名单", "Extremely poor, or listed"),
    Grade.NR: ("暂不评级", "Not rated"),
}
#: The lowest score of each grade, in points, best first; what is below the last is D. A test holds it to the policies.
FLOORS = {
    "2026-1": {"AAA": 900, "AA": 850, "A": 795, "BBB": 740, "BB": 700, "B": 560, "CCC": 380, "CC": 280, "C": 180},
}
CURRENT_POLICY = "2026-1"


@dataclass(frozen=True, slots=True)
class GradeView:
    """A grade with its label and its tone: a, b, c, d or nr."""

    name: str
    label: str
    tone: str


@dataclass(frozen=True, slots=True)
class Band:
    """One grade's stretch of the scale, in millipoints; `ceiling` belongs to the next band but for the best."""

    grade: GradeView
    floor: int
    ceiling: int

    @property
    def x(self) -> str:
        """Return where the band begins, in percent of the scale."""
        return percent(self.floor)

    @property
    def width(self) -> str:
        """Return how long the band is, in percent of the scale."""
        return percent(self.ceiling - self.floor)

    @property
    def middle(self) -> str:
        """Return the middle of the band, in percent of the scale."""
        return percent((self.floor + self.ceiling) // 2)


def percent(millipoints: int) -> str:
    """Write a place on the scale from 0 to 1000 points as an SVG length."""
    return f"{millipoints / FULL_SCORE:.3%}"


def view(name: str, lang: str) -> GradeView:
    """Return a grade by its name; an unknown name is shown as it is, in the tone of what is not rated."""
    if name not in Grade.__members__:
        return GradeView(name, name, "nr")
    label_zh, label_en = _LABELS[Grade[name]]
    tone = "nr" if name == "NR" else name[0].lower()
    return GradeView(name, label_en if lang == "en" else label_zh, tone)


def bands(policy_version: str, lang: str) -> list[Band]:
    """Return the bands of a policy, lowest first; none for a policy whose bands this page does not know."""
    floors = FLOORS.get(policy_version)
    if floors is None:
        return []
    steps = [("D", 0), *((name, floor * 1000) for name, floor in reversed(floors.items()))]
    ceilings = [floor for _, floor in steps[1:]] + [FULL_SCORE]
    return [Band(view(name, lang), floor, ceiling) for (name, floor), ceiling in zip(steps, ceilings, strict=True)]


def band_of(score: int, policy_version: str) -> str:
    """Return the grade whose band holds a score, before any buffer; empty for an unknown policy."""
    return next((band.grade.name for band in reversed(bands(policy_version, "zh")) if score >= band.floor), "")


def zones(policy_version: str, lang: str) -> list[Band]:
    """Return the four stretches of D, C, B and A on the scale, for narrow screens."""
    found: dict[str, list[Band]] = {}
    for band in bands(policy_version, lang):
        found.setdefault(band.grade.tone, []).append(band)
    return [
        Band(GradeView(tone.upper(), tone.upper(), tone), parts[0].floor, parts[-1].ceiling)
        for tone, parts in found.items()
    ]
