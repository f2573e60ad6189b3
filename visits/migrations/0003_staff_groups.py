"""Two groups of staff: who assigns agents, and who only looks."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

VIEWER = {
    "accounts": ["view_user"],
    "agents": [
        "view_agent",
        "view_workinghours",
        "view_timeoff",
        "view_engagement",
        "view_agentinteraction",
    ],
    "flatmates": ["view_usermatch"],
    "properties": ["view_property", "view_propertyimage", "view_amenity"],
    "visits": ["view_visit", "view_visitevent"],
}
# An agent's hours and time off are part of who is free when.
DISPATCHER = {
    **VIEWER,
    "agents": [
        *VIEWER["agents"],
        "change_agent",
        *(f"{act}_{model}" for model in ("workinghours", "timeoff") for act in ("add", "change", "delete")),
        "change_engagement",
        "add_agentinteraction",
    ],
    "visits": [*VIEWER["visits"], "change_visit", "assign_agent"],
}


def create(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    for name, codenames in (("Dispatcher", DISPATCHER), ("Viewer", VIEWER)):
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(permissions(apps, codenames))


def permissions(apps, codenames):
    """Django creates them only after all migrations."""
    Permission = apps.get_model("auth", "Permission")
    for label, names in codenames.items():
        config = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0)
        found = Permission.objects.filter(content_type__app_label=label, codename__in=names)
        assert found.count() == len(names), label
        yield from found


def remove(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=["Dispatcher", "Viewer"]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("visits", "0002_database_rules"),
        ("accounts", "0002_database_rules"),
        ("flatmates", "0002_database_rules"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(create, remove)]
