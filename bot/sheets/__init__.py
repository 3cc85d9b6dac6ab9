"""Sheets to hand over: the card for the phone and the A4 paper of a finished self-assessment.

`card` and `paper` draw, `wording` says what stands on both, `cabinet` turns sheets into files of the data
folder and loads the first two, which are heavy, when it draws its first sheet. A sheet never bears a person's
name and never says more than the result.
"""

from bot.sheets.cabinet import Cabinet
from bot.sheets.wording import describe

__all__ = ["Cabinet", "describe"]
