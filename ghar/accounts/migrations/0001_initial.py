import django.contrib.postgres.fields
import django.db.models.functions.text
import ghar.clock
import ghar.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('full_name', models.CharField(max_length=120)),
                ('email', models.EmailField(blank=True, help_text='Lower case.', max_length=254, null=True, unique=True)),
                ('phone', models.CharField(blank=True, help_text='E.164: +919812345678.', max_length=16, null=True, unique=True)),
                ('profile_image_url', models.URLField(blank=True, max_length=500)),
                ('preferred_languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=2, validators=[ghar.validators.validate_language]), blank=True, default=list, help_text='ISO 639-1 codes, such as en, hi, mr.', size=10)),
                ('is_staff', models.BooleanField(default=False, help_text='May log in to this admin site.', verbose_name='staff')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('created_at', models.DateTimeField(default=ghar.clock.now, editable=False)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'ordering': ['full_name', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('email__isnull', False), ('phone__isnull', False), _connector='OR'), name='user_has_email_or_phone'), models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='user_email_lower_case'), models.CheckConstraint(condition=models.Q(models.Q(('email', ''), _negated=True), models.Q(('phone', ''), _negated=True)), name='user_no_empty_identifier')],
            },
        ),
    ]
