from typing import Any

from ghar.management.base import DataCommand
from visits.management import demo


class Command(DataCommand):
    help = (
        "Fill an empty database with a small agency to try things on: 20 listings in three cities, "
        "6 agents with working hours, seekers, a staff login, and visits in every status. "
        "Running it again changes nothing; it prints the demo logins each time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if demo.is_seeded():
            self.stdout.write("The demo data is there already.")
        else:
            self.stdout.write("Making the demo data …")
            demo.seed()
        self.stdout.write(f"\nDemo logins, all with the password {demo.PASSWORD}:")
        for identifier, role in demo.logins():
            self.stdout.write(f"  {identifier:<24} {role}")
