"""The models of this app, imported for Django from the modules with their logic."""

from courseware.reporting.dashboard.saved_views import SavedView
from courseware.reporting.emails.monthly_report import MonthlyReportSubscription
from courseware.reporting.statistics.group_statistics import GroupStatistic, StatisticsTeam

__all__ = ["GroupStatistic", "MonthlyReportSubscription", "SavedView", "StatisticsTeam"]
