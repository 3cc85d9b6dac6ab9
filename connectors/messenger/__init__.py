"""The Facebook page: Messenger conversations and comments under the page's posts.

Knows Facebook's wire formats and rules (docs/platforms.md, part B) and nothing of dialogue. It must never
answer by itself, store anything, or log what people write.
"""

from connectors.messenger.channel import MessengerChannel
from connectors.messenger.comments import comment_id_of, comment_user, fit_comment_reply
from connectors.messenger.config import MessengerConfig
from connectors.messenger.events import GET_STARTED
from connectors.messenger.profile import ProfileTexts, find_faults, setup_profile

__all__ = [
    "GET_STARTED",
    "MessengerChannel",
    "MessengerConfig",
    "ProfileTexts",
    "comment_id_of",
    "comment_user",
    "find_faults",
    "fit_comment_reply",
    "setup_profile",
]
