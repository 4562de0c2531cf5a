"""Imports the models of this app, which are defined beside their logic, so that Django finds them."""

from courseware.reporting.dashboard.saved_views import SavedView
from courseware.reporting.emails.monthly_report import MonthlyReportSubscription
from courseware.reporting.statistics.group_statistics import GroupStatistic, StatisticsTeam

__all__ = ["GroupStatistic", "MonthlyReportSubscription", "SavedView", "StatisticsTeam"]
