import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import ghar.clock
import ghar.validators
import properties.validators
from decimal import Decimal
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name='Amenity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=80)),
                ('icon', models.CharField(blank=True, max_length=80)),
                ('category', models.CharField(blank=True, max_length=80)),
            ],
            options={
                'verbose_name_plural': 'amenities',
                'ordering': ['title', 'id'],
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Upper('title'), name='amenity_title_once')],
            },
        ),
        migrations.CreateModel(
            name='Property',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=200)),
                ('description', models.TextField(blank=True, max_length=10000, validators=[django.core.validators.MaxLengthValidator(10000)])),
                ('property_type', models.CharField(choices=[('apartment', 'Apartment'), ('house', 'House'), ('builder_floor', 'Builder Floor'), ('room', 'Room'), ('villa', 'Villa'), ('plot', 'Plot'), ('condo', 'Condo'), ('penthouse', 'Penthouse'), ('studio', 'Studio'), ('loft', 'Loft'), ('pg', 'PG'), ('flatmate', 'Flatmate'), ('office', 'Office'), ('shop', 'Shop'), ('warehouse', 'Warehouse')], default='apartment', max_length=20)),
                ('purpose', models.CharField(choices=[('rent', 'Rent'), ('buy', 'Buy'), ('short_stay', 'Short Stay')], default='rent', max_length=20)),
                ('status', models.CharField(choices=[('available', 'Available'), ('sold', 'Sold'), ('rented', 'Rented'), ('under_offer', 'Under Offer'), ('maintenance', 'Maintenance'), ('withdrawn', 'Withdrawn')], default='available', max_length=20)),
                ('is_available', models.BooleanField(default=True, help_text='Turn off to stop new visits. Booked visits stay.')),
                ('exclusive_tours', models.BooleanField(default=False, help_text='Each tour has the listing to itself. This applies to new bookings.')),
                ('city', models.CharField(max_length=80)),
                ('locality', models.CharField(blank=True, max_length=160)),
                ('sub_locality', models.CharField(blank=True, max_length=160)),
                ('landmark', models.CharField(blank=True, max_length=160)),
                ('full_address', models.CharField(blank=True, max_length=500)),
                ('pincode', models.CharField(blank=True, max_length=12)),
                ('state', models.CharField(blank=True, max_length=80)),
                ('country', models.CharField(default='India', max_length=80)),
                ('latitude', models.FloatField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(-90), django.core.validators.MaxValueValidator(90)])),
                ('longitude', models.FloatField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(-180), django.core.validators.MaxValueValidator(180)])),
                ('timezone', models.CharField(default='Asia/Kolkata', max_length=64, validators=[ghar.validators.validate_timezone])),
                ('base_price', models.DecimalField(decimal_places=2, max_digits=14, validators=[django.core.validators.MinValueValidator(0)])),
                ('monthly_rent', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, validators=[django.core.validators.MinValueValidator(0)])),
                ('area_sqft', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='area (sq ft)')),
                ('bedrooms', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('bathrooms', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('furnishing', models.CharField(blank=True, choices=[('unfurnished', 'Unfurnished'), ('semi_furnished', 'Semi Furnished'), ('furnished', 'Furnished')], max_length=20)),
                ('features', models.JSONField(blank=True, default=dict, help_text='Attributes by name; each value is a text.', validators=[properties.validators.validate_features])),
                ('import_key', models.CharField(editable=False, help_text='Digest of the whole imported row.', max_length=64, null=True, unique=True)),
                ('created_at', models.DateTimeField(default=ghar.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=ghar.clock.now, editable=False)),
                ('amenities', models.ManyToManyField(blank=True, related_name='properties', to='properties.amenity')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='properties', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'properties',
                'ordering': ['-created_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='PropertyImage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('image_url', models.CharField(help_text='A URL, or a path that this server answers.', max_length=500, validators=[ghar.validators.validate_link])),
                ('caption', models.CharField(blank=True, max_length=200)),
                ('display_order', models.PositiveSmallIntegerField(default=0)),
                ('is_main_image', models.BooleanField(default=False)),
                ('property', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='images', to='properties.property')),
            ],
            options={
                'ordering': ['display_order', 'id'],
            },
        ),
        migrations.AddIndex(
            model_name='property',
            index=models.Index(fields=['-created_at', '-id'], name='property_newest'),
        ),
        migrations.AddIndex(
            model_name='property',
            index=models.Index(django.db.models.functions.text.Upper('city'), models.F('base_price'), models.F('id'), name='property_city_price'),
        ),
        migrations.AddIndex(
            model_name='property',
            index=models.Index(fields=['base_price', 'id'], name='property_price'),
        ),
        migrations.AddIndex(
            model_name='property',
            index=models.Index(fields=['latitude', 'longitude'], name='property_place'),
        ),
        migrations.AddIndex(
            model_name='property',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper(django.db.models.functions.text.Concat(models.F('title'), models.Value('\n'), models.F('description'), models.Value('\n'), models.F('locality'), models.Value('\n'), models.F('sub_locality'), models.Value('\n'), models.F('landmark'), models.Value('\n'), models.F('full_address'), models.Value('\n'), models.F('city'), models.Value('\n'), output_field=models.TextField())), name='gin_trgm_ops'), name='property_search'),
        ),
        migrations.AddConstraint(
            model_name='property',
            constraint=models.CheckConstraint(condition=models.Q(('base_price__gte', 0), ('base_price__lt', Decimal('1000000000000'))), name='property_price_in_range'),
        ),
        migrations.AddConstraint(
            model_name='property',
            constraint=models.CheckConstraint(condition=models.Q(('monthly_rent__gte', 0), ('monthly_rent__lt', Decimal('1000000000000'))), name='property_rent_in_range'),
        ),
        migrations.AddConstraint(
            model_name='property',
            constraint=models.CheckConstraint(condition=models.Q(('area_sqft__gte', 0), ('area_sqft__lt', Decimal('100000000'))), name='property_area_in_range'),
        ),
        migrations.AddConstraint(
            model_name='property',
            constraint=models.CheckConstraint(condition=models.Q(('latitude__range', (-90, 90)), ('longitude__range', (-180, 180))), name='property_on_the_globe'),
        ),
        migrations.AddConstraint(
            model_name='property',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('latitude__isnull', True), ('longitude__isnull', True)), models.Q(('latitude__isnull', False), ('longitude__isnull', False)), _connector='OR'), name='property_place_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='property',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['available', 'sold', 'rented', 'under_offer', 'maintenance', 'withdrawn'])), name='property_status_known'),
        ),
        migrations.AddConstraint(
            model_name='propertyimage',
            constraint=models.UniqueConstraint(condition=models.Q(('is_main_image', True)), fields=('property',), name='property_one_main_image'),
        ),
    ]
