"""An article shown to the followers of an Official Account, as the call has it (platforms A8).

It goes to everybody in a coarse group and to nobody in particular: there is no list of people to give, and
nobody to leave out.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.zalo.wire import Json

GENDERS = ("1", "2")
AGES = tuple("01234567")
REGIONS = ("0", "1", "2")
PLATFORMS = ("1", "2", "3")
"""Codes of the platform (A8 [M]); 0 for both genders is what an empty choice is sent as."""


@dataclass(frozen=True, slots=True)
class BroadcastTarget:
    """Which followers, in Zalo's codes. Empty means all of them."""

    gender: str = ""
    ages: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    """North, middle, south; Zalo calls them `locations`."""
    cities: tuple[str, ...] = ()
    """Take the place of the regions where given."""
    platform: str = ""

    def wire(self) -> dict[str, str]:
        """The `target` of the call: texts, several codes with commas between (A8: integers are in the SDK,
        texts in the documents)."""
        given = {
            "gender": self.gender or "0",
            "ages": ",".join(self.ages),
            "locations": "" if self.cities else ",".join(self.regions),
            "cities": ",".join(self.cities),
            "platform": self.platform,
        }
        return {name: value for name, value in given.items() if value}


def article_message(article: str) -> Json:
    """The `message` that shows one article."""
    payload = {"template_type": "media", "elements": [{"media_type": "article", "attachment_id": article}]}
    return {"attachment": {"type": "template", "payload": payload}}
