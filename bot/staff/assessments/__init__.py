"""Tự đánh giá: what citizens' self-assessments add up to, and the results for those who may read them."""

from bot.staff.assessments.addresses import ASSESSMENTS, RESULTS, path_of
from bot.staff.assessments.page import Assessments

__all__ = ["ASSESSMENTS", "RESULTS", "Assessments", "path_of"]
