"""Tự đánh giá: what self-assessments add up to, for every role; the results for those who may read them.

Whoever may not read single results gets counts in which nobody can be recognised: small communes are put
together and points of fewer than five people are left out (bot.assessment_tally).
"""

from __future__ import annotations

from aiohttp import web

from bot.assessment_report import OWN_ESTIMATE, as_figures, statistics_of
from bot.assessment_tally import FEW, Statistics
from bot.staff.access import ANSWERING, EVERY_ROLE, Route, Visit
from bot.staff.assessments.addresses import ASSESSMENTS, RESULTS
from bot.staff.assessments.choice import Choice, address, chosen
from bot.staff.assessments.handing_out import handed_out
from bot.staff.assessments.numbers import numbers
from bot.staff.assessments.results import Results
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts


class Assessments:
    """The page of numbers; with it everything about self-assessments."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages
        self._results = Results(parts, pages)

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this package serves."""
        return (
            Route("GET", ASSESSMENTS, EVERY_ROLE, self.show),
            Route("GET", f"{ASSESSMENTS}/tai/{{form}}", EVERY_ROLE, self.export),
            *self._results.routes,
        )

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/tu-danh-gia: `ky`, or `tu` and `den`."""
        choice = self._choice(visit)
        found = await self._statistics(visit, choice)
        may_read = visit.session.officer.role in ANSWERING
        values = {
            "choice": choice,
            "periods": choice.tabs(ASSESSMENTS),
            "is_empty": found.is_empty,
            "numbers": numbers(found),
            "exports": [
                (label, address(f"{ASSESSMENTS}/tai/{form}", **choice.query))
                for form, label in (("xlsx", "Excel"), ("csv", "CSV"))
            ],
            "list_path": address(RESULTS, **choice.query) if may_read else "",
            "few": FEW,
            "own_estimate": OWN_ESTIMATE,
        }
        drawing = Drawing("assessments/numbers.html", values)
        return self._pages.draw(drawing, visit.request, visit.session)

    async def export(self, visit: Visit) -> web.StreamResponse:
        """GET …/tai/{form}: the same counts as a file."""
        choice = self._choice(visit)
        figures = as_figures(await self._statistics(visit, choice), all_places=_sees_all(visit))
        return await handed_out(self._parts, visit, figures, "so-lieu-tu-danh-gia", choice.period, 0)

    async def _statistics(self, visit: Visit, choice: Choice) -> Statistics:
        parts = self._parts
        return await statistics_of(
            parts.database, choice.period, parts.criteria.sets, all_places=_sees_all(visit)
        )

    def _choice(self, visit: Visit) -> Choice:
        today = self._parts.clock().astimezone(self._parts.zone).date()
        return chosen(visit.request.query, today, self._parts.zone)


def _sees_all(visit: Visit) -> bool:
    return visit.session.officer.role in ANSWERING
