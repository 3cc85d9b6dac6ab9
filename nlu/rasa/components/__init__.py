"""Our own parts in Rasa's pipeline. They run in Rasa's environment (Python 3.10), started from this folder."""
