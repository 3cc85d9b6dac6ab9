"""The assistant and everything around it: the house that ties doors, language and knowledge together.

`app` is the composition root and reads top to bottom as the list of parts. Nothing in here knows a
platform's wire format (that is `connectors`), and no module does work at import time.
"""
