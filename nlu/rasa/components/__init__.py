"""Our own parts of the pipeline Rasa runs. They live in its environment (Python 3.10)."""
