"""Stand-ins for the Zalo and Graph APIs on loopback, with fault injection. They are not the platforms.

Two uses: tests (`running(ZaloSandbox(...))`, `running(GraphSandbox(...))`) and `khuyenhoc sandbox`
(`build_sandbox_app`), where one acts as a citizen against the running bot through signed webhooks. What
they accept and refuse is an independent reading of docs/platforms.md: nothing here may import
`connectors.zalo` or `connectors.messenger`, and no part that serves citizens may import this.
"""

from connectors.sandbox.app import DEMO_ENV, SandboxSettings, build_sandbox_app
from connectors.sandbox.clock import IdSource, SandboxClock
from connectors.sandbox.faults import Fault, FaultKind, Faults
from connectors.sandbox.graph import GraphAccount, GraphSandbox
from connectors.sandbox.graph_events import PAGE_INBOX_APP, GraphEvents
from connectors.sandbox.graph_people import Comment, MessengerPerson
from connectors.sandbox.standin import SentMessage, StandIn, running
from connectors.sandbox.webhooks import (
    Delivery,
    Signature,
    WebhookSender,
    meta_body,
    meta_digest,
    meta_posting,
    zalo_body,
    zalo_mac,
    zalo_posting,
)
from connectors.sandbox.zalo import ZaloAccount, ZaloSandbox
from connectors.sandbox.zalo_events import ZaloEvents
from connectors.sandbox.zalo_people import ZaloPerson

__all__ = [
    "DEMO_ENV",
    "PAGE_INBOX_APP",
    "Comment",
    "Delivery",
    "Fault",
    "FaultKind",
    "Faults",
    "GraphAccount",
    "GraphEvents",
    "GraphSandbox",
    "IdSource",
    "MessengerPerson",
    "SandboxClock",
    "SandboxSettings",
    "SentMessage",
    "Signature",
    "StandIn",
    "WebhookSender",
    "ZaloAccount",
    "ZaloEvents",
    "ZaloPerson",
    "ZaloSandbox",
    "build_sandbox_app",
    "meta_body",
    "meta_digest",
    "meta_posting",
    "running",
    "zalo_body",
    "zalo_mac",
    "zalo_posting",
]
