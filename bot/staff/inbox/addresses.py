"""Where the pages of the inbox are.

A conversation's key is only dressed for a URL: knowing an address opens nothing, that needs a role.
"""

from __future__ import annotations

import base64
import binascii

from bot.staff.access import Visit, not_found
from connectors.message import ConversationId

INBOX = "/staff/hop-thu"


def path_of(id_: ConversationId) -> str:
    """The address of a conversation's page."""
    return f"{INBOX}/{base64.urlsafe_b64encode(id_.key.encode()).decode().rstrip('=')}"


def asked_for(visit: Visit) -> ConversationId:
    """The conversation in the request's address. Raises PageError when it cannot be one."""
    dressed = visit.request.match_info["key"]
    try:
        key = base64.b64decode(dressed + "=" * (-len(dressed) % 4), altchars=b"-_", validate=True).decode()
        return ConversationId.from_key(key)
    except (binascii.Error, ValueError) as error:
        raise not_found() from error
