"""The admin of visits, and of all models whose pages need visits: each has its one ModelAdmin here."""

from visits.admin import agents as agents
from visits.admin import engagements as engagements
from visits.admin import flatmates as flatmates
from visits.admin import properties as properties
from visits.admin import visits as visits
