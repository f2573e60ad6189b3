from django.db import migrations


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('django_mcpz_oauth', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Grant',
            fields=[
            ],
            options={
                'verbose_name': "assistant's access",
                'verbose_name_plural': "assistants' access",
                'proxy': True,
                'default_permissions': ('view', 'change'),
                'indexes': [],
                'constraints': [],
            },
            bases=('django_mcpz_oauth.authorizationcode',),
        ),
    ]
