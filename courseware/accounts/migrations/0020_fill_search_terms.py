from django.db import migrations

from courseware.accounts.search_terms import FIELDS, terms_of

CHUNK = 500  # people


def fill(apps, schema_editor):
    SearchTerm = apps.get_model("accounts", "SearchTerm")
    people = apps.get_model("accounts", "User").objects.order_by("pk").values_list("pk", *FIELDS)
    last = 0
    while chunk := list(people.filter(pk__gt=last)[:CHUNK]):
        SearchTerm.objects.bulk_create(
            [SearchTerm(person_id=key, term=term) for key, *fields in chunk for term in sorted(terms_of(*fields))]
        )
        last = chunk[-1][0]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0019_search_terms")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
