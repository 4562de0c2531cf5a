from courseware.reporting.group_figures import CountedWith, GroupFigure  # noqa: F401 - Django finds its models here
from courseware.reporting.monthly_reports import MonthlyReport  # noqa: F401 - Django finds its models here
from courseware.reporting.saved_views import SavedView  # noqa: F401 - Django finds its models here
