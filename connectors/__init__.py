"""The doors of the house: verify, parse, render and send, one folder per platform.

A connector knows a platform's wire format and limits and nothing else. It must never decide what to
say, touch the database, or import `bot`, `nlu` or `knowledge`. `message` is the vocabulary every door
shares; `channel` is the protocol each of them fulfils; `errors` says what can go wrong on either side.
"""
