"""URLs of the HR pages, below /people/, and of managers' deputies."""

from django.urls import path

from courseware.hr.chat_bots import views as chat_bot_views
from courseware.hr.email_settings import log_views, reminder_views, wording_views
from courseware.hr.external_training import views as external_training_views
from courseware.hr.people import absence_views, account_merge_views, onboarding_views
from courseware.hr.people import views as people_views
from courseware.hr.roster_import import views as roster_views
from courseware.hr.teams import calendar_views, invite_link_views
from courseware.hr.teams import views as team_views

app_name = "hr"
urlpatterns = [
    path("people/", people_views.people, name="people"),
    path("people/new/", onboarding_views.new_person, name="new-person"),
    path("people/new/list/", onboarding_views.new_people, name="new-people"),
    path("people/import/", roster_views.import_list, name="import"),
    path("people/import/<int:roster>/", roster_views.imported, name="imported"),
    path("people/invite-links/", invite_link_views.invite_links, name="invite-links"),
    path("people/invite-links/<int:pk>/", invite_link_views.team_link, name="invite-link"),
    path("people/invite-links/requests/<int:pk>/", invite_link_views.answer, name="answer-request"),
    path("people/first-day/", people_views.first_day, name="first-day"),
    path("people/codes/", invite_link_views.sign_in_codes, name="sign-in-codes"),
    path("people/<int:pk>/", people_views.person, name="person"),
    path("people/<int:pk>/edit/", people_views.edit_person, name="edit-person"),
    path("people/<int:pk>/memberships/", people_views.add_membership_page, name="add-membership"),
    path("people/<int:pk>/memberships/<int:place>/end/", people_views.end_membership_page, name="end-membership"),
    path("people/<int:pk>/leave/", people_views.let_leave, name="let-leave"),
    path("people/<int:pk>/return/", people_views.let_return, name="let-return"),
    path("people/<int:pk>/code/", invite_link_views.sign_in_code, name="sign-in-code"),
    path("people/<int:pk>/merge/", account_merge_views.merge_with, name="merge"),
    path("people/<int:pk>/remove/", people_views.remove, name="remove-person"),
    path("people/<int:pk>/deputies/", team_views.deputies, name="deputies"),
    path("people/<int:pk>/deputies/<int:deputy>/end/", team_views.end_deputy_page, name="end-deputy"),
    path("team/deputies/", team_views.deputies, name="own-deputies"),
    path("team/deputies/<int:deputy>/end/", team_views.end_deputy_page, name="end-own-deputy"),
    path("people/<int:pk>/absences/", absence_views.absences, name="absences"),
    path("people/<int:pk>/absences/<int:absence>/", absence_views.change, name="change-absence"),
    path("people/<int:pk>/absences/<int:absence>/undo/", absence_views.undo_absence_page, name="undo-absence"),
    path("people/external-training/", external_training_views.external_training, name="external-training"),
    path(
        "people/external-training/<int:training>/undo/",
        external_training_views.revoke_training,
        name="revoke-external-training",
    ),
    path(
        "people/<int:pk>/external-training/", external_training_views.external_training_of, name="external-training-of"
    ),
    path("people/calendar/", calendar_views.calendar, name="calendar"),
    path("people/calendar/remove/", calendar_views.remove_calendar_days, name="remove-calendar-days"),
    path("people/certificates/<int:pk>/revoke/", people_views.revoke_certificate_page, name="revoke-certificate"),
    path("people/conflicts/", people_views.conflicts, name="conflicts"),
    path("people/merges/", account_merge_views.merges, name="merges"),
    path("people/merges/<int:pk>/undo/", account_merge_views.undo, name="undo-merge"),
    path("people/emails/", log_views.email_log, name="emails"),
    path("people/emails/scheduled/", log_views.scheduled_emails_page, name="scheduled-emails"),
    path("people/emails/wording/", wording_views.email_wording, name="email-wording"),
    path("people/emails/wording/<slug:kind>/", wording_views.wording_of_email, name="wording-of-email"),
    path("people/emails/wording/<slug:kind>/reset/", wording_views.reset_wording, name="reset-wording"),
    path("people/reminders/", reminder_views.reminders, name="reminders"),
    path("people/teams/", team_views.teams, name="teams"),
    path("people/teams/new/", team_views.new_team, name="new-team"),
    path("people/teams/<int:pk>/", team_views.team, name="team"),
    path("people/teams/<int:pk>/managers/", team_views.add_manager, name="add-manager"),
    path("people/teams/<int:pk>/managers/<int:place>/end/", team_views.end_manager, name="end-manager"),
    path("people/teams/<int:pk>/close/", team_views.close_team_page, name="close-team"),
    path("people/chat-bots/", chat_bot_views.chat_bots, name="chat-bots"),
    path("people/chat-bots/new/", chat_bot_views.new_bot, name="new-chat-bot"),
    path("people/chat-bots/<int:pk>/", chat_bot_views.chat_bot, name="chat-bot"),
    path("people/chat-bots/<int:pk>/try/", chat_bot_views.send_test, name="test-chat-bot"),
    path("people/chat-bots/<int:pk>/remove/", chat_bot_views.remove_bot_page, name="remove-chat-bot"),
]
