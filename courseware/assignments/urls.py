"""URLs of follow-ups, managers' actions and assignment rules."""

from django.urls import path

from courseware.assignments.follow_ups import views as follow_up_views
from courseware.assignments.manager_actions import views as action_views
from courseware.assignments.rules import views as rule_views
from courseware.learning.manager_actions import FOR_MANY

app_name = "assignments"
urlpatterns = [
    path("team/follow-ups/", follow_up_views.follow_ups, name="follow-ups"),
    path("team/follow-ups/<int:pk>/<id:survey_id>/", follow_up_views.follow_up, name="follow-up"),
    *(
        path(
            f"people/actions/{each.address}/",
            action_views.decide_on,
            {"action": each},
            name=f"decide-{each.address}",
        )
        for each in FOR_MANY
    ),
    path("people/actions/remind/", action_views.remind_chosen, name="remind"),
    path("people/reminders/<int:pk>/", action_views.reminded, name="reminded"),
    path("people/reminders/<int:pk>/undo/", action_views.undo_reminders, name="undo-reminders"),
    path("people/actions/note/", action_views.note, name="note"),
    path("people/notes/<uuid:act>/", action_views.noted, name="noted"),
    path("people/notes/<uuid:act>/undo/", action_views.withdraw_note, name="withdraw-note"),
    path("people/changes/<int:pk>/", action_views.act, name="change"),
    path("people/changes/<int:pk>/undo/", action_views.undo_change, name="undo"),
    path("rules/", rule_views.rules, name="rules"),
    path("rules/new/", rule_views.new_rule, name="new-rule"),
    path("rules/<int:pk>/", rule_views.rule, name="rule"),
    path("rules/<int:pk>/edit/", rule_views.edit_rule, name="edit-rule"),
    path("rules/<int:pk>/on/", rule_views.enable_rule, name="enable-rule"),
    path("rules/<int:pk>/off/", rule_views.disable_rule, name="disable-rule"),
    path("rules/<int:pk>/rollback/", rule_views.rollback_rule, name="rollback-rule"),
]
