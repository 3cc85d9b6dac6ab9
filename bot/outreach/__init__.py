"""Reaching people who asked to be reached: consent, calendar, campaigns, their delivery, and reports.

Nobody is written to here who did not agree to the topic, and never outside what their platform allows.
"""
