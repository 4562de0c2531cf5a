from django.urls import path

from courseware.assignments.follow_ups import views as follow_up_views
from courseware.assignments.manager_actions import views as action_views
from courseware.assignments.rules import views as rule_views
from courseware.learning.manager_actions import FOR_MANY

app_name = "assignments"
urlpatterns = [
    path("team/observations/", follow_up_views.observations, name="observations"),
    path("team/observations/<int:pk>/<id:sheet>/", follow_up_views.observation, name="observation"),
    *(
        path(
            f"people/decide/{each.address}/",
            action_views.decide_on,
            {"action": each},
            name=f"decide-{each.address}",
        )
        for each in FOR_MANY
    ),
    path("people/decide/remind/", action_views.remind_chosen, name="remind"),
    path("people/reminded/<int:pk>/", action_views.reminded, name="reminded"),
    path("people/reminded/<int:pk>/undo/", action_views.undo_reminders, name="undo-reminders"),
    path("people/decide/note/", action_views.note, name="note"),
    path("people/notes/<uuid:act>/", action_views.noted, name="noted"),
    path("people/notes/<uuid:act>/take-back/", action_views.withdraw_note, name="take-back-note"),
    path("people/acts/<int:pk>/", action_views.act, name="act"),
    path("people/acts/<int:pk>/undo/", action_views.take_back, name="undo"),
    path("rules/", rule_views.rules, name="rules"),
    path("rules/new/", rule_views.new_rule, name="new-rule"),
    path("rules/<int:pk>/", rule_views.rule, name="rule"),
    path("rules/<int:pk>/edit/", rule_views.edit_rule, name="edit-rule"),
    path("rules/<int:pk>/on/", rule_views.enable_rule, name="turn-rule-on"),
    path("rules/<int:pk>/off/", rule_views.disable_rule, name="turn-rule-off"),
    path("rules/<int:pk>/take-back/", rule_views.rollback_rule, name="take-back-rule"),
]
