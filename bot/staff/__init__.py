"""The console for the association's officers, at /staff/.

Officers are not programmers: every page says in plain Vietnamese what it shows and what a button does.
Nothing here is reachable without a role, and nothing shows more of a citizen than the work needs.

Others use `bot.staff.console` (routes), `bot.staff.parts` (what they need) and `bot.staff.passwords`.
"""
