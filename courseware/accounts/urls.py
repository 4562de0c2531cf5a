"""Names beginning with `account_` are those allauth looks up. Sign-up and e-mail pages are not here."""

from django.urls import include, path, re_path

from courseware.accounts import views

# /accounts/password/
password_urls = [
    path("change/", views.change_password, name="account_change_password"),
    path("set/", views.set_password, name="account_set_password"),
    path("reset/", views.password_link, name="account_reset_password"),
    path("reset/done/", views.password_link_sent, name="account_reset_password_done"),
    re_path(
        r"^reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_from_link,
        name="account_reset_password_from_key",
    ),
]

urlpatterns = [
    path("login/", views.sign_in, name="account_login"),
    path("logout/", views.sign_out, name="account_logout"),
    path("inactive/", views.inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/", include(password_urls)),
    path("language/", views.set_language, name="set-language"),
    path("held/", views.held_form, name="held-form"),
]
