"""Conversations with a purpose, led step by step: one file, one flow, one protocol (`bot.flows.flow`).

Flows decide and never act: what must be stored or sent is in their steps. They know nothing of channels'
wire formats, of storage, or of each other.
"""
