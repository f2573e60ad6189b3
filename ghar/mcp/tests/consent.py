"""The way of an assistant from its registration to the user's consent."""

import base64
import hashlib
import json

from ghar.mcp.tests.assistant import HOST

VERIFIER = "w" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def register(client, *uris):
    body = {"client_name": "Zed", "redirect_uris": list(uris)}
    return client.post("/register", json.dumps(body), content_type="application/json")


def question(client, uri, **changes):
    registered = register(client, uri).json()
    return {
        "client_id": registered["client_id"],
        "redirect_uri": uri,
        "response_type": "code",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "resource": f"{HOST}/mcp",
        "state": "s/1",
    } | changes


def allow(client, asked):
    return client.post("/authorize", {"decision": "allow"}, query_params=asked)
