"""The door to one Zalo Official Account: signed webhooks in, consultation messages out, tokens kept alive.

Knows Zalo's wire formats (docs/platforms.md, part A) and nothing of dialogue or storage; where tokens are
kept is the caller's `TokenStore`. Must never answer what an OA sent, log what anybody wrote, or send the same
words twice unless the first attempt was definitely refused.
"""

from connectors.zalo.broadcast import BroadcastTarget
from connectors.zalo.channel import ZaloChannel
from connectors.zalo.client import ZaloApi
from connectors.zalo.config import ZaloConfig
from connectors.zalo.token_store import TokenPair, TokenStore
from connectors.zalo.tokens import TokenState, ZaloTokens

__all__ = [
    "BroadcastTarget",
    "TokenPair",
    "TokenState",
    "TokenStore",
    "ZaloApi",
    "ZaloChannel",
    "ZaloConfig",
    "ZaloTokens",
]
