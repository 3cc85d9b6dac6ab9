"""What the program serves to browsers and platforms over HTTP, apart from the staff console.

Handlers here translate between HTTP and the house. They must never decide what to say, and never
answer "taken" for something that is not yet stored.
"""
