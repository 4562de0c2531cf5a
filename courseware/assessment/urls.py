"""URLs of exams, attempts, daily questions and certificates."""

from django.urls import path

from courseware.assessment.views import attempt, certificate, daily, exam, practice, result

app_name = "assessment"
urlpatterns = [
    # /exam/<course>/<exam>/
    path("exam/<id:course>/<id:exam>/", exam.exam, name="exam"),
    path("exam/<id:course>/<id:exam>/start/", exam.start, name="start"),
    # /attempts/<pk>/
    path("attempts/<int:pk>/", attempt.attempt, name="attempt"),
    path("attempts/<int:pk>/review/", attempt.review, name="review"),
    path("attempts/<int:pk>/submit/", attempt.submit, name="submit"),
    path("attempts/<int:pk>/result/", result.result, name="result"),
    path("attempts/<int:pk>/<int:position>/", attempt.save, name="save"),
    path("attempts/<int:pk>/practice/<id:rule>/", practice.practice_set, name="practice"),
    path("attempts/<int:pk>/practice/<id:rule>/answer/", practice.answer_practice, name="answer-practice"),
    # /daily/
    path("daily/", daily.daily, name="daily"),
    path("daily/answer/", daily.answer, name="answer-daily"),
    path("daily/preferences/", daily.save_preference, name="daily-preferences"),
    # /certificates/
    path("certificates/", certificate.check_certificate, name="check-certificate"),
    path("certificates/<slug:number>/", certificate.certificate, name="certificate"),
    path("certificates/<slug:number>/pdf/", certificate.make_pdf, name="make-pdf"),
    path("certificates/<slug:number>/<slug:language>.pdf", certificate.pdf_file, name="pdf"),
]
