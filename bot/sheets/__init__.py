"""Sheets to hand over: the card for the phone and the A4 paper of a finished self-assessment.

`card` and `paper` draw, `wording` says what stands on both, `cabinet` turns sheets into files of the data
folder. A sheet never bears a person's name and never says more than the result.
"""

from bot.sheets.cabinet import Cabinet
from bot.sheets.card import draw_card
from bot.sheets.paper import draw_paper
from bot.sheets.wording import describe

__all__ = ["Cabinet", "describe", "draw_card", "draw_paper"]
