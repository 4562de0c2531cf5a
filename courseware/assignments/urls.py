from django.urls import path

from courseware.assignments import people_pages, person_pages

app_name = "assignments"
urlpatterns = [
    # /people/
    path("people/", people_pages.people, name="people"),
    # /people/<pk>/
    path("people/<int:pk>/", person_pages.person, name="person"),
    path("people/<int:pk>/edit/", person_pages.edit, name="edit-person"),
    path("people/<int:pk>/places/", person_pages.place, name="place-person"),
    path("people/<int:pk>/places/<int:place>/end/", person_pages.unplace, name="end-place"),
    path("people/<int:pk>/leave/", person_pages.let_leave, name="let-leave"),
    path("people/<int:pk>/return/", person_pages.let_return, name="let-return"),
    path("people/<int:pk>/remove/", person_pages.remove, name="remove-person"),
]
