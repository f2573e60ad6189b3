"""Classes that Django's type stubs declare as generic, so that they take a parameter at runtime, too.

`ModelAdmin[Visit]` tells a type checker what the rows are; while the program runs, it is `ModelAdmin`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as ModelAdmin
    from django.contrib.admin import TabularInline as TabularInline
    from django.db.models import CharField as CharField
    from django.db.models import Field as Field
    from django.forms import BaseInlineFormSet as BaseInlineFormSet
    from django.forms import ModelForm as ModelForm
else:
    from django import forms
    from django.contrib import admin
    from django.db import models

    class _Subscriptable:
        def __class_getitem__(cls, parameters):
            return cls

    class ModelAdmin(_Subscriptable, admin.ModelAdmin):
        pass

    class TabularInline(_Subscriptable, admin.TabularInline):
        pass

    class BaseInlineFormSet(_Subscriptable, forms.BaseInlineFormSet):
        pass

    class ModelForm(_Subscriptable, forms.ModelForm):
        pass

    class Field(_Subscriptable, models.Field):
        pass

    class CharField(_Subscriptable, models.CharField):
        pass
