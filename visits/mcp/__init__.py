"""The tools of both MCP servers. `ghar.urls` looks for a module of this name in each app."""

from visits.mcp import tools as tools
