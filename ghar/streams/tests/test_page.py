"""The page that shows the user's events needs nothing that a strict policy forbids."""

import re

import pytest
from django.contrib.staticfiles import finders


def test_the_page_has_no_inline_scripts_and_styles(client):
    response = client.get("/events/")
    assert response.status_code == 200
    assert "script-src 'self'" in response["Content-Security-Policy"]
    text = response.content.decode()
    assert re.findall(r"<script(?! src=)|<style|\son\w+=|\sstyle=|https?:", text) == []
    for name in re.findall(r'"/static/([^"]+)"', text):
        assert finders.find(name), name


@pytest.mark.django_db
def test_a_user_who_is_logged_in_listens_at_once(client, asha):
    assert 'data-session=""' in client.get("/events/").content.decode()
    client.force_login(asha)
    assert 'data-session="yes"' in client.get("/events/").content.decode()
