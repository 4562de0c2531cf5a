from django.db import migrations


def give_weights(apps, schema_editor):
    """A release weighed as a whole: each document that it changed had its weight."""
    ReleaseEntry = apps.get_model("content", "ReleaseEntry")
    revisions, weighed = {}, []
    entries = ReleaseEntry.objects.select_related("release").defer("release__outlines")
    for entry in entries.order_by("release__course", "release__number"):
        if revisions.get(entry.document_id) != entry.revision_id:
            entry.weight = entry.release.weight
            weighed.append(entry)
        revisions[entry.document_id] = entry.revision_id
    ReleaseEntry.objects.bulk_update(weighed, ["weight"], batch_size=500)
    for proposal in apps.get_model("content", "Proposal").objects.prefetch_related("revisions__document"):
        proposal.weights = {revision.document.identifier: proposal.weight for revision in proposal.revisions.all()}
        proposal.save(update_fields=["weights"])


class Migration(migrations.Migration):
    dependencies = [("content", "0006_weights_of_documents")]

    operations = [migrations.RunPython(give_weights, migrations.RunPython.noop)]
