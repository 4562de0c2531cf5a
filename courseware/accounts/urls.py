"""Names beginning with `account_` and `mfa_` are those that allauth looks up."""

from django.urls import include, path, re_path

from courseware.accounts import join_pages, second_factor_pages, views

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

# /accounts/second-factor/
second_factor_urls = [
    path("", second_factor_pages.own_factors, name="mfa_index"),
    path("code/", second_factor_pages.code, name="mfa_authenticate"),
    path("code/again/", second_factor_pages.code_again, name="mfa_reauthenticate"),
    path("passkey/again/", second_factor_pages.passkey_again, name="mfa_reauthenticate_webauthn"),
    path("app/", second_factor_pages.new_app, name="mfa_activate_totp"),
    path("app/remove/", second_factor_pages.remove_app, name="mfa_deactivate_totp"),
    path("passkey/", second_factor_pages.new_passkey, name="mfa_add_webauthn"),
    path("passkey/<int:pk>/remove/", second_factor_pages.remove_passkey, name="mfa_remove_webauthn"),
    path("codes/", second_factor_pages.own_codes, name="mfa_view_recovery_codes"),
    path("codes/new/", second_factor_pages.new_codes, name="mfa_generate_recovery_codes"),
]

urlpatterns = [
    path("", views.own_account, name="own-account"),
    path("login/", views.sign_in, name="account_login"),
    path("logout/", views.sign_out, name="account_logout"),
    path("inactive/", views.inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("code/", views.sign_in_code, name="account_sign_in_code"),
    path("join/<str:token>/", join_pages.join, name="account_join"),
    path("password/", include(password_urls)),
    path("sessions/", views.own_sessions, name="usersessions_list"),
    path("second-factor/", include(second_factor_urls)),
    path("language/", views.set_language, name="set-language"),
    path("session/", views.session, name="session"),
    path("held/", views.held_form, name="held-form"),
]
