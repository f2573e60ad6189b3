"use strict";

const API = "/api/v1";
const RETRY_MS = 2000;
const SHOWN = ["visit_updated", "new_match", "new_message", "stream-reset"];
const SILENT = ["stream-open", "keep-alive"];

const main = document.getElementById("events");
const login = document.getElementById("login");
const status = document.getElementById("status");
const tools = document.getElementById("tools");
const received = document.getElementById("received");

let token = null;
let lastId = "";

async function call(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  else headers["X-CSRFToken"] = main.dataset.csrf;
  const response = await fetch(API + path, { method, headers, body: body && JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.detail), { status: response.status });
  return answer;
}

function say(text) {
  status.textContent = text;
}

// An EventSource can't send headers. It sends a ticket instead of the token, which is valid for one stream.
async function listen() {
  try {
    const { ticket } = await call("POST", "/events/ticket", {});
    follow(new EventSource(`${API}/events?${new URLSearchParams({ ticket, lastEventId: lastId })}`));
  } catch (problem) {
    say(problem.message);
    if (problem.status === 401 || problem.status === 403) logOut();
    else setTimeout(listen, RETRY_MS);
  }
}

function follow(source) {
  for (const type of [...SHOWN, ...SILENT]) {
    source.addEventListener(type, (event) => {
      lastId = event.lastEventId || lastId;
      if (SHOWN.includes(type)) show(event);
    });
  }
  source.onopen = () => {
    say("Listening.");
    tools.hidden = false;
  };
  source.onerror = () => {
    source.close();
    say("The stream has ended. Reconnecting…");
    setTimeout(listen, RETRY_MS);
  };
}

function show(event) {
  const payload = JSON.parse(event.data);
  const row = received.insertRow(0);
  const cells = [new Date().toLocaleTimeString(), event.lastEventId, event.type, JSON.stringify(payload.data ?? payload)];
  for (const text of cells) row.insertCell().textContent = text;
}

function logOut() {
  token = null;
  login.hidden = false;
  tools.hidden = true;
}

function day(fromNow) {
  return new Date(Date.now() + fromNow * 86400000).toISOString().slice(0, 10);
}

async function book() {
  const { items: listings } = await call("GET", "/properties?available=true&limit=50");
  for (const listing of listings.sort(() => Math.random() - 0.5)) {
    const { items: slots } = await call("GET", `/properties/${listing.id}/slots?from=${day(1)}&to=${day(7)}`);
    if (slots.length === 0) continue;
    const slot = slots[Math.floor(Math.random() * slots.length)];
    await call("POST", "/visits", { property_id: listing.id, scheduled_date: slot.start });
    return;
  }
  say("No listing has a free time this week.");
}

login.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    token = (await call("POST", "/auth/login", Object.fromEntries(new FormData(login)))).token;
    login.hidden = true;
    await listen();
  } catch (problem) {
    say(problem.message);
  }
});

document.getElementById("book").addEventListener("click", () => book().catch((problem) => say(problem.message)));

if (main.dataset.session) listen();
