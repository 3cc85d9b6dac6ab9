"""What the bot knows and how it is found: documents, FAQ, search, and the wording of answers.

Knows documents and nothing of people or channels; must never import `bot`, `connectors` or `nlu`
(the text analysis it needs is handed in), and must never state what no cited source says.
"""
