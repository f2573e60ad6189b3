"""The routes of visits, and those of listings, agents and conversations that need visits."""
