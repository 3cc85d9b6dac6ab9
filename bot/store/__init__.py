"""Where the truth is kept: the SQL schema, its migrations, and one repository module per aggregate.

Repositories take a connection and plain values and give back frozen dataclasses; they never decide
anything and never talk to Redis or a platform.
"""
