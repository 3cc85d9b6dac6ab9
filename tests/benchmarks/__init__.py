"""How fast the service takes, answers and sends, measured on real processes over loopback.

`python -m tests.benchmarks` (`make bench`) prints one table; docs/benchmarks.md says what each row means.
Nothing here is a unit test except `test_load.py`, and nothing here talks to anything but 127.0.0.1.
"""
