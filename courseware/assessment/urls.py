from django.urls import path

from courseware.assessment import views

app_name = "assessment"
urlpatterns = [
    # /exam/<course>/<exam>/
    path("exam/<id:course>/<id:exam>/", views.exam, name="exam"),
    path("exam/<id:course>/<id:exam>/start/", views.start, name="start"),
    # /attempts/<pk>/
    path("attempts/<int:pk>/", views.attempt, name="attempt"),
    path("attempts/<int:pk>/review/", views.review, name="review"),
    path("attempts/<int:pk>/submit/", views.submit, name="submit"),
    path("attempts/<int:pk>/result/", views.result, name="result"),
    path("attempts/<int:pk>/<int:position>/", views.save, name="save"),
    path("attempts/<int:pk>/drill/<id:rule>/", views.drill, name="drill"),
    path("attempts/<int:pk>/drill/<id:rule>/answer/", views.answer_drill, name="answer-drill"),
    # /certificates/
    path("certificates/", views.check_certificate, name="check-certificate"),
    path("certificates/<slug:number>/", views.certificate, name="certificate"),
]
