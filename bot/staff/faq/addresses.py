"""Where the pages of the questions are. An id never begins with `_`, so these hide no entry."""

FAQ = "/staff/cau-hoi"
NEW = "_moi"
"""Stands for the entry that is being written."""
TWINS = f"{FAQ}/_gan-giong"
EXPORT = f"{FAQ}/_xuat"
IMPORT = f"{FAQ}/_nhap"
