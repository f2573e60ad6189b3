"""The settings of the tests, and of the servers and commands that tests start as processes of their own."""

from ghar.settings import *  # noqa: F403

# The real one is slow on purpose: half a second for each user and log-in.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Look for a static file when it is asked for, as while developing. Else each new test client, which makes
# its own middleware, lists them all: that was more than half of what a request in a test took.
WHITENOISE_AUTOREFRESH = True
