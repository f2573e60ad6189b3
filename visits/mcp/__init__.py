"""The tools for visits at both MCP servers. `ghar.urls` loads the module `mcp` of each app."""

from visits.mcp import tools as tools
