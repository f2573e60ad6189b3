"""The admin of visits, and of whatever else changes with them: agents, engagements, listings, matches."""

from visits.admin import agents as agents
from visits.admin import engagements as engagements
from visits.admin import flatmates as flatmates
from visits.admin import properties as properties
from visits.admin import visits as visits
