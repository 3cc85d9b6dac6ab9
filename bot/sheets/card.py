"""The card: one picture for a phone that says how a self-assessment came out.

Read at a third of its size, so nothing on it is small. Bears no person's name: it may be shared. Long names
take more lines and the card grows; nothing is ever drawn over something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from bot.flows.results import AssessmentResult
from bot.sheets import colours as c
from bot.sheets import emblem
from bot.sheets.brush import Brush, wrap
from bot.sheets.fonts import Weight, printable
from bot.sheets.wording import ONLY_A_GUIDE, TITLE, VIETNAM, change, day, judged
from knowledge.criteria import CriteriaSet

WIDTH = 1080
LEAST_HEIGHT = 1350
_MOST_HEIGHT = 2600
_EDGE = 48
_PAD = 44
_LEFT, _RIGHT = _EDGE + _PAD, WIDTH - _EDGE - _PAD
_RING = 138
_SUMMARY_LEFT = _LEFT + _RING * 2 + 48
_BAR_LEFT, _BAR_RIGHT = 744, 914


def draw_card(
    result: AssessmentResult,
    criteria: CriteriaSet,
    association: str,
    compared: AssessmentResult | None = None,
    zone: tzinfo = VIETNAM,
) -> bytes:
    """A PNG file, 1080 pixels wide and at least 1350 high; the same bytes for the same result.

    Blocking, a fraction of a second. Raises ValueError or KeyError when the result is not of this set.
    """
    return _Card(result, criteria, printable(association, 160), compared, zone).draw()


@dataclass(frozen=True, slots=True)
class _Row:
    """One indicator as it will stand on the card."""

    number: int
    lines: list[str]
    points: int
    most: int
    is_low: bool

    @property
    def height(self) -> int:
        return 16 + 34 * len(self.lines)


class _Card:
    def __init__(
        self,
        result: AssessmentResult,
        criteria: CriteriaSet,
        association: str,
        compared: AssessmentResult | None,
        zone: tzinfo,
    ) -> None:
        self._result = result
        self._criteria = criteria
        self._association = association
        self._compared = compared
        self._zone = zone
        self._words = judged(result, criteria)
        self._brush = Brush(WIDTH, _MOST_HEIGHT, c.GROUND)

    def draw(self) -> bytes:
        y = self._head()
        y = self._summary(y)
        y = self._indicators(y + 24)
        return self._brush.png(self._foot(y + 22))

    def _head(self) -> int:
        brush = self._brush
        lines = wrap(self._association, Weight.SEMIBOLD, 32, _RIGHT - 200, 3)
        bottom = 196 + 42 * max(2, len(lines)) + 110
        brush.fade(0, bottom, c.BRAND_DEEP, c.BRAND)
        for radius, share in ((330, 0.06), (230, 0.09), (130, 0.12)):
            brush.disc((WIDTH - 70, 30), radius, c.between(c.BRAND_DEEP, c.ON_BRAND, share))
        side = 108
        mark = (_EDGE + 8, 40)
        brush.box(mark[0], mark[1], mark[0] + side, mark[1] + side, 28, c.BRAND)
        brush.shape(mark, side, emblem.book(), c.WHITE)
        brush.shape(mark, side, emblem.spine(), c.BRAND)
        brush.shape(mark, side, emblem.flame(), c.GOLD)
        y = 40 + side // 2 + 12 - 21 * (len(lines) - 1)
        for line in lines:
            brush.text((mark[0] + side + 28, y), line, Weight.SEMIBOLD, 32, c.WHITE)
            y += 42
        brush.text((_EDGE + 8, max(y, 150) + 66), TITLE, Weight.BOLD, 61, c.WHITE)
        return max(y, 150) + 66 + 36

    def _summary(self, top: int) -> int:
        """Ring, competencies, verdict."""
        brush, result = self._brush, self._result
        competencies = [
            (wrap(printable(one.name, 120), Weight.SEMIBOLD, 28, _RIGHT - _SUMMARY_LEFT, 2), got, most)
            for one, got, most in self._criteria.by_competency(result.points)
        ]
        right_height = sum(36 * len(lines) + 54 for lines, _, _ in competencies) - 22
        moved = wrap(change(result, self._compared, self._zone), Weight.MEDIUM, 27, _RING * 2 + 20, 2)
        left_height = _RING * 2 + (38 * len(moved) + 14 if moved else 0)
        inner = max(right_height, left_height)
        reasons = [
            line
            for reason in self._words.reasons
            for line in wrap(reason, Weight.REGULAR, 30, _RIGHT - _LEFT - 84, 2)
        ]
        verdict = 92 + 40 * len(reasons)
        bottom = top + _PAD + inner + 36 + verdict + 24
        brush.box(_EDGE, top, WIDTH - _EDGE, bottom, 40, c.WHITE)
        self._ring(top + _PAD + (inner - left_height) // 2, moved)
        y = top + _PAD + (inner - right_height) // 2 + 26
        for lines, got, most in competencies:
            for line in lines:
                brush.text((_SUMMARY_LEFT, y), line, Weight.SEMIBOLD, 28, c.INK)
                y += 36
            brush.text((_RIGHT, y + 6), f"{got}/{most}", Weight.BOLD, 32, c.BRAND_DEEP, "rs")
            self._bar(_SUMMARY_LEFT, _RIGHT - 122, y - 13, 16, got / most, c.BRAND)
            y += 54
        self._verdict(bottom - 24 - verdict, verdict, reasons)
        return bottom

    def _ring(self, top: int, moved: list[str]) -> None:
        brush, result = self._brush, self._result
        centre = (_LEFT + _RING, top + _RING)
        share = result.total / self._criteria.most
        brush.ring(centre, _RING, 28, 1, c.TRACK)
        brush.ring(centre, _RING, 28, share, c.ENOUGH if result.passed else c.NOT_YET_BAR)
        brush.text((centre[0], centre[1] + 28), str(result.total), Weight.BOLD, 108, c.INK, "ms")
        words = f"/{self._criteria.most} điểm"
        brush.text((centre[0], centre[1] + 72), words, Weight.MEDIUM, 28, c.MUTED, "ms")
        for number, line in enumerate(moved):
            at = (centre[0], top + _RING * 2 + 44 + 38 * number)
            brush.text(at, line, Weight.MEDIUM, 27, c.MUTED, "ms")

    def _verdict(self, top: int, height: int, reasons: list[str]) -> None:
        brush = self._brush
        passed = self._result.passed
        strong, soft = (c.ENOUGH, c.ENOUGH_SOFT) if passed else (c.NOT_YET, c.NOT_YET_SOFT)
        brush.box(_EDGE + 26, top, WIDTH - _EDGE - 26, top + height, 26, soft)
        x, y = _LEFT + 26, top + 46
        brush.disc((x, y), 24, strong)
        if passed:
            brush.shape((x - 24, y - 24), 48, _TICK, c.WHITE)
        else:
            for offset in (-10, 0, 10):
                brush.disc((x + offset, y), 3, c.WHITE)
        brush.text((x + 44, y + 14), self._words.headline, Weight.BOLD, 40, strong)
        for number, line in enumerate(reasons):
            brush.text((x + 44, y + 64 + 40 * number), line, Weight.REGULAR, 30, c.INK)

    def _indicators(self, top: int) -> int:
        brush = self._brush
        rows = self._rows()
        bottom = top + 24 + sum(row.height for row in rows) + 20
        brush.box(_EDGE, top, WIDTH - _EDGE, bottom, 40, c.WHITE)
        y = top + 24
        for row in rows:
            colour = c.NOT_YET if row.is_low else c.INK
            base = y + 35
            brush.text((_LEFT + 34, base), str(row.number), Weight.BOLD, 28, c.BRAND, "rs")
            for number, line in enumerate(row.lines):
                brush.text((_LEFT + 54, base + 34 * number), line, Weight.MEDIUM, 27, c.INK)
            middle = y + row.height // 2 + 1
            fill = c.NOT_YET_BAR if row.is_low else c.BRAND
            self._bar(_BAR_LEFT, _BAR_RIGHT, middle - 8, 16, row.points / row.most, fill)
            brush.text((_RIGHT, middle + 11), str(row.points), Weight.BOLD, 32, colour, "rs")
            y += row.height
        return bottom

    def _rows(self) -> list[_Row]:
        below = self._criteria.verdict(self._result.points).below
        width = _BAR_LEFT - 28 - (_LEFT + 54)
        return [
            _Row(
                indicator.number,
                wrap(printable(indicator.name, 120), Weight.MEDIUM, 27, width, 3),
                points,
                indicator.most,
                indicator.number in below,
            )
            for indicator, points in zip(self._criteria.indicators, self._result.points, strict=True)
        ]

    def _foot(self, top: int) -> int:
        brush, result = self._brush, self._result
        who = printable(self._criteria.group(result.group).name, 80)
        place = printable(result.place, 80)
        lines = [
            *wrap(f"{who} · {place}" if place else who, Weight.SEMIBOLD, 29, WIDTH - 2 * _EDGE - 16, 2),
            f"Ngày {day(result.finished_at, self._zone)} · Theo {self._criteria.document} · Mã {result.code}",
        ]
        guide = wrap(ONLY_A_GUIDE, Weight.MEDIUM, 27, WIDTH - 2 * _EDGE - 16, 2)
        height = 40 * len(lines) + 22 + 38 * len(guide) + 24
        y = max(top, LEAST_HEIGHT - height) + 26
        for number, line in enumerate(lines):
            weight = Weight.SEMIBOLD if number < len(lines) - 1 else Weight.REGULAR
            brush.text((_EDGE + 8, y), line, weight, 29, c.INK)
            y += 40
        y += 14
        for line in guide:
            brush.text((_EDGE + 8, y), line, Weight.MEDIUM, 27, c.MUTED)
            y += 38
        return max(LEAST_HEIGHT, y + 6)

    def _bar(self, left: int, right: int, top: int, height: int, share: float, colour: c.Colour) -> None:
        self._brush.box(left, top, right, top + height, height // 2, c.TRACK)
        if share > 0:
            end = max(left + height, round(left + (right - left) * share))
            self._brush.box(left, top, end, top + height, height // 2, colour)


_TICK = ((0.27, 0.5), (0.34, 0.43), (0.45, 0.54), (0.66, 0.32), (0.73, 0.39), (0.45, 0.68))
