from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "ghar.accounts"
    label = "accounts"
