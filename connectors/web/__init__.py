"""The web chat's door: shapes replies for our own page and tells an open page that there is news.

There is no platform behind this door, so nothing can be refused and nothing is retried. It must never
serve HTTP (that is bot/web) and never keep a message: the page reads those from the store.
"""

from connectors.web.channel import ACCOUNT, NAME, Nudge, WebChannel
from connectors.web.view import PICTURES, Json, show_part

__all__ = ["ACCOUNT", "NAME", "PICTURES", "Json", "Nudge", "WebChannel", "show_part"]
