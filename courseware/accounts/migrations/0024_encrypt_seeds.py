from django.db import migrations

from courseware.accounts.seeds import encrypt_all


def encrypt(apps, schema_editor):
    encrypt_all(apps.get_model("mfa", "Authenticator"))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0023_people_by_post"), ("mfa", "0003_authenticator_type_uniq")]

    operations = [migrations.RunPython(encrypt, migrations.RunPython.noop)]
