"""A filled installation: some weeks of an ordinary ward, written through the program's own functions.

Made before the program starts, then served by it: for looking at the console as staff will see it, and for
the pictures of the guide. Everybody and everything here is invented. Moments are counted back from `now`.
"""

from tests.e2e.furnished.house import ACCOUNTS, PASSWORD, Furnished, furnish, open_furnished

__all__ = ["ACCOUNTS", "PASSWORD", "Furnished", "furnish", "open_furnished"]
