"""Imports the models of this app, which are defined beside their logic, so that Django finds them."""

from courseware.reporting.dashboard.saved_views import SavedView
from courseware.reporting.emails.monthly_report import MonthlyReport
from courseware.reporting.statistics.group_statistics import CountedWith, GroupFigure

__all__ = ["CountedWith", "GroupFigure", "MonthlyReport", "SavedView"]
