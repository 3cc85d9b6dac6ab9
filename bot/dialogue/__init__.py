"""One turn of conversation: what was heard, what the bot knows of the talk so far, what it answers.

Pure decisions: given the same event, state and content, the same turn comes out. Nothing here sends,
stores, or asks the clock.
"""
