from typing import Any

from ghar.accounts.models import User
from ghar.management.base import DataCommand
from visits.management import demo


class Command(DataCommand):
    help = (
        "Load the demo data into an empty database: 20 listings in three cities, 6 agents with working "
        "hours, seekers, staff, and visits in every status. Then print the demo logins. When the demo data "
        "is already loaded, only the logins are printed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(email=demo.STAFF).exists():
            self.stdout.write("The demo data is already loaded.")
        else:
            self.stdout.write("Loading the demo data …")
            demo.seed()
        self.stdout.write(f"\nDemo logins, all with the password {demo.DEMO_PASSWORD}:")
        for identifier, role in demo.logins():
            self.stdout.write(f"  {identifier:<24} {role}")
