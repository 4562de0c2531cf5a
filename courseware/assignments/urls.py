from django.urls import path

from courseware.assignments import (
    away_pages,
    days_pages,
    decision_pages,
    door_pages,
    letter_pages,
    link_pages,
    list_pages,
    merge_pages,
    newcomer_pages,
    noting_pages,
    observation_pages,
    outside_pages,
    people_pages,
    person_pages,
    reminder_pages,
    reminding_pages,
    rule_pages,
    team_pages,
    words_pages,
)
from courseware.learning.manager_actions import FOR_MANY

app_name = "assignments"
urlpatterns = [
    # /people/
    path("people/", people_pages.people, name="people"),
    # /people/new/
    path("people/new/", newcomer_pages.new_person, name="new-person"),
    path("people/new/list/", newcomer_pages.new_people, name="new-people"),
    # /people/import/
    path("people/import/", list_pages.import_list, name="import"),
    path("people/import/<int:roster>/", list_pages.imported, name="imported"),
    # /people/links/
    path("people/links/", link_pages.team_links, name="team-links"),
    path("people/links/<int:pk>/", link_pages.team_link, name="team-link"),
    path("people/links/requests/<int:pk>/", link_pages.answer, name="answer-request"),
    # /people/first-day/
    path("people/first-day/", people_pages.first_day, name="first-day"),
    # /people/codes/
    path("people/codes/", link_pages.sign_in_codes, name="sign-in-codes"),
    # /people/<pk>/
    path("people/<int:pk>/", person_pages.person, name="person"),
    path("people/<int:pk>/edit/", person_pages.edit, name="edit-person"),
    path("people/<int:pk>/places/", person_pages.place, name="place-person"),
    path("people/<int:pk>/places/<int:place>/end/", person_pages.unplace, name="end-place"),
    path("people/<int:pk>/leave/", person_pages.let_leave, name="let-leave"),
    path("people/<int:pk>/return/", person_pages.let_return, name="let-return"),
    path("people/<int:pk>/code/", link_pages.sign_in_code, name="sign-in-code"),
    path("people/<int:pk>/merge/", merge_pages.merge_with, name="merge"),
    path("people/<int:pk>/remove/", person_pages.remove, name="remove-person"),
    # /people/<pk>/substitutes/, /team/substitutes/
    path("people/<int:pk>/substitutes/", team_pages.substitutes, name="substitutes"),
    path("people/<int:pk>/substitutes/<int:substitute>/end/", team_pages.end, name="end-substitute"),
    path("team/substitutes/", team_pages.substitutes, name="own-substitutes"),
    path("team/substitutes/<int:substitute>/end/", team_pages.end, name="end-own-substitute"),
    # /team/observations/, /team/observations/<pk>/<sheet>/  (of an enrollment)
    path("team/observations/", observation_pages.observations, name="observations"),
    path("team/observations/<int:pk>/<id:sheet>/", observation_pages.observation, name="observation"),
    # /people/<pk>/away/
    path("people/<int:pk>/away/", away_pages.away, name="away"),
    path("people/<int:pk>/away/<int:absence>/", away_pages.change, name="change-away"),
    path("people/<int:pk>/away/<int:absence>/take-back/", away_pages.take_back, name="take-back-away"),
    # /people/outside/, /people/<pk>/outside/
    path("people/outside/", outside_pages.outside, name="outside"),
    path("people/outside/<int:training>/take-back/", outside_pages.take_back_outside, name="take-back-outside"),
    path("people/<int:pk>/outside/", outside_pages.outside_of, name="outside-of"),
    # /people/days/
    path("people/days/", days_pages.days, name="days"),
    path("people/days/take-out/", days_pages.take_out_days, name="take-out-days"),
    # /people/decide/
    *(
        path(
            f"people/decide/{each.address}/",
            decision_pages.decide_on,
            {"action": each},
            name=f"decide-{each.address}",
        )
        for each in FOR_MANY
    ),
    path("people/decide/remind/", reminding_pages.remind_chosen, name="remind"),
    # /people/reminded/<pk>/
    path("people/reminded/<int:pk>/", reminding_pages.reminded, name="reminded"),
    path("people/reminded/<int:pk>/undo/", reminding_pages.take_back_reminders, name="undo-reminders"),
    path("people/decide/note/", noting_pages.note, name="note"),
    # /people/notes/<act>/
    path("people/notes/<uuid:act>/", noting_pages.noted, name="noted"),
    path("people/notes/<uuid:act>/take-back/", noting_pages.take_back_note, name="take-back-note"),
    # /people/acts/<pk>/  (of an adjustment)
    path("people/acts/<int:pk>/", decision_pages.act, name="act"),
    path("people/acts/<int:pk>/undo/", decision_pages.take_back, name="undo"),
    path("people/certificates/<int:pk>/withdraw/", person_pages.withdraw_certificate, name="withdraw-certificate"),
    path("people/conflicts/", people_pages.conflicts, name="conflicts"),
    # /people/merges/
    path("people/merges/", merge_pages.merges, name="merges"),
    path("people/merges/<int:pk>/undo/", merge_pages.undo, name="undo-merge"),
    path("people/letters/", letter_pages.letters, name="letters"),
    path("people/letters/coming/", letter_pages.coming_letters, name="coming-letters"),
    # /people/letters/words/
    path("people/letters/words/", words_pages.letter_words, name="letter-words"),
    path("people/letters/words/<slug:kind>/", words_pages.words_of_letter, name="words-of-letter"),
    path("people/letters/words/<slug:kind>/shipped/", words_pages.back_to_shipped, name="shipped-words"),
    path("people/reminders/", reminder_pages.reminders, name="reminders"),
    # /people/teams/
    path("people/teams/", team_pages.teams, name="teams"),
    path("people/teams/new/", team_pages.new_team, name="new-team"),
    path("people/teams/<int:pk>/", team_pages.team, name="team"),
    path("people/teams/<int:pk>/leads/", team_pages.add_lead, name="add-lead"),
    path("people/teams/<int:pk>/leads/<int:place>/end/", team_pages.end_lead, name="end-lead"),
    path("people/teams/<int:pk>/close/", team_pages.close, name="close-team"),
    # /people/doors/
    path("people/doors/", door_pages.doors, name="doors"),
    path("people/doors/new/", door_pages.new_door, name="new-door"),
    path("people/doors/<int:pk>/", door_pages.door, name="door"),
    path("people/doors/<int:pk>/try/", door_pages.try_it, name="try-door"),
    path("people/doors/<int:pk>/remove/", door_pages.take_away, name="remove-door"),
    # /rules/
    path("rules/", rule_pages.rules, name="rules"),
    path("rules/new/", rule_pages.new_rule, name="new-rule"),
    # /rules/<rule>/
    path("rules/<int:pk>/", rule_pages.rule, name="rule"),
    path("rules/<int:pk>/edit/", rule_pages.edit_rule, name="edit-rule"),
    path("rules/<int:pk>/on/", rule_pages.turn_on, name="turn-rule-on"),
    path("rules/<int:pk>/off/", rule_pages.turn_off, name="turn-rule-off"),
    path("rules/<int:pk>/take-back/", rule_pages.take_back_rule, name="take-back-rule"),
]
