import io

import pytest
from django.core.management import call_command

from properties.models import Property, PropertyImage
from properties.tests.factories import PropertyFactory, PropertyImageFactory


@pytest.fixture
def listing(asha):
    """Asha's listing."""
    return PropertyFactory(owner=asha, title="Home", monthly_rent=50_000)


@pytest.fixture
def image(listing):
    """The main image of Asha's listing."""
    return PropertyImageFactory(property=listing, is_main_image=True)


@pytest.fixture
def people(asha, bala, ops):
    """Asha, a stranger, staff and an anonymous user, by what they are to Asha's listing."""
    return {"owner": asha, "stranger": bala, "staff": ops, "nobody": None}


@pytest.fixture
def snapshot(db):
    """`snapshot()` returns all listings and images: the same before and after a refusal."""

    def take():
        properties, images = Property.objects.order_by("id"), PropertyImage.objects.order_by("id")
        return list(properties.values()), list(images.values())

    return take


@pytest.fixture
def load_file(db):
    """`load_file(path, *options)` imports a file, and returns the lines of stdout and of stderr."""

    def run(path, *options, verbosity=0):
        out, err = io.StringIO(), io.StringIO()
        call_command("import_listings", str(path), *options, stdout=out, stderr=err, verbosity=verbosity)
        return out.getvalue().splitlines(), err.getvalue().splitlines()

    return run


@pytest.fixture
def load(load_file, tmp_path):
    """`load(content, *options)` imports text or bytes as `load_file` does."""

    def run(content, *options, verbosity=0):
        path = tmp_path / "listings.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_file(path, *options, verbosity=verbosity)

    return run
