"""Text to meaning: Vietnamese as people type it, with and without accents.

Knows the language and nothing of channels, documents or storage; must never import `bot`,
`connectors` or `knowledge`, and never keeps what people wrote.
"""
