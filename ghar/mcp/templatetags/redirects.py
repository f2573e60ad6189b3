from django import template

from ghar.mcp import redirects

register = template.Library()
register.filter(redirects.opens_app)
