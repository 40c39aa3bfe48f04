"use strict";

// One reader, one photo at a time. A key press is sent at once, and the next photo is shown from memory, where it was
// loaded while the reader looked at this one.

const SETUP = JSON.parse(document.getElementById("setup").textContent);
const $ = (id) => document.getElementById(id);
const NAMES = Object.fromEntries(SETUP.choices.map((choice) => [choice.category, choice.name]));
const KEYS = Object.fromEntries(SETUP.choices.map((choice) => [choice.key, choice.category]));
const MENU_KEYS = "1234567890abcdefhij";
const TONES = SETUP.monk.map((_, index) => `monk ${index + 1}`);
const FIELDS = { body_site: SETUP.fields.body_site, skin_tone: TONES, bleeding: SETUP.fields.bleeding };
const FIELD_KEYS = { b: "body_site", t: "skin_tone", g: "bleeding" };
const SAID = { fades: "fades under glass" };
const RETRY = 700; // Milliseconds.
const FULL_FROM = 1.5; // Zoom from which the photo is loaded in full.

const state = {
  reader: "", mode: "label", turns: [], busy: false, sure: true, field: "", shownAt: 0, sawEvidence: false,
  pictures: new Map(), zoom: { scale: 1, x: 0, y: 0 }, full: false, shown: 0, saved: 0, notes: Promise.resolve(),
};
// For whoever measures: milliseconds from a key press until the next photo was on the screen.
const between = (window.redspotsBetween = []);

// Requests

function note(text) {
  $("note").textContent = text;
  $("note").hidden = !text;
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function ask(address, body) {
  // What cannot be sent is kept and sent again until it arrives: with its id, it counts once.
  for (;;) {
    let response;
    try {
      response = await fetch(address, body && {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
      });
    } catch {
      note("Not saved yet: the server does not answer. Keep this page open; it goes on by itself.");
      await pause(RETRY);
      continue;
    }
    const told = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(told.detail ?? `The server answers ${response.status}.`);
    note("");
    if (body) document.body.dataset.saved = ++state.saved;
    return told;
  }
}

const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function act(kind, extra = {}) {
  return ask("api/acts", { id: newId(), reader: state.reader, kind, ...extra });
}

async function locked(work) {
  if (state.busy) return;
  state.busy = true;
  document.body.dataset.busy = "";
  try {
    await work();
  } catch (error) {
    note(error.message);
  } finally {
    state.busy = false;
    delete document.body.dataset.busy;
  }
}

// Photos

function picture(photo) {
  if (!state.pictures.has(photo)) {
    const image = new Image();
    image.alt = "";
    image.draggable = false;
    image.src = `photos/${photo}.jpg`;
    state.pictures.set(photo, { image, ready: image.decode() });
    // A photo that cannot be shown is told when its turn comes.
    state.pictures.get(photo).ready.catch(() => {});
  }
  return state.pictures.get(photo);
}

const current = () => state.turns[0];

async function show(turns, pressedAt) {
  state.turns = turns;
  const turn = current();
  $("empty").hidden = Boolean(turn);
  for (const photo of state.pictures.keys()) {
    if (!turns.slice(0, 6).some((one) => one.photo === photo)) state.pictures.delete(photo);
  }
  if (!turn) {
    $("frame").replaceChildren();
    describe();
    return;
  }
  const { image, ready } = picture(turn.photo);
  try {
    await ready;
  } catch {
    note("This photo cannot be shown: its file has changed or is gone. Skip it, or start the command again.");
  }
  state.zoom = { scale: 1, x: 0, y: 0 };
  state.full = false;
  state.sawEvidence = false;
  state.sure = true;
  $("evidence").setAttribute("aria-pressed", "false");
  closeMenu();
  $("frame").replaceChildren(image);
  transform();
  describe();
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  state.shownAt = performance.now();
  $("frame").dataset.shown = ++state.shown;
  if (pressedAt) {
    between.push(state.shownAt - pressedAt);
    const sorted = [...between].sort((one, other) => one - other);
    $("pace").textContent = `Next photo after ${Math.round(sorted[Math.floor(sorted.length / 2)])} ms (median)`;
  }
  loadAhead();
}

function loadAhead() {
  for (const turn of state.turns.slice(1, 4)) picture(turn.photo);
}

const WHY = {
  uncertain: (value) => `Chosen because the model is unsure about it${value ? ` (${value.toFixed(2)} of 1)` : ""}.`,
  different: (value) => `Chosen because it is unlike the photos labelled so far${value ? ` (${value.toFixed(2)} of 1)` : ""}.`,
  random: () => "Chosen at random.",
};

function describe() {
  const turn = current();
  const settling = state.mode === "settle";
  $("why").textContent = !turn ? "" : settling
    ? "Readers differ about this photo. What you choose counts."
    : WHY[turn.why](turn.value) + (turn.is_twice ? " Two readers read it." : "");
  $("unsure").setAttribute("aria-pressed", String(!state.sure));
  for (const button of document.querySelectorAll("[data-field]")) {
    const value = turn?.fields[button.dataset.field] ?? "";
    button.querySelector("output").textContent = SAID[value] ?? value;
    button.disabled = settling || !turn;
  }
  for (const button of document.querySelectorAll("#choices button, #skip, #unsure, #evidence")) button.disabled = !turn;
  if (settling) $("skip").disabled = true;
  $("to-label").setAttribute("aria-pressed", String(!settling));
  $("to-settle").setAttribute("aria-pressed", String(settling));
  $("readings").hidden = !settling;
  if (settling && turn) {
    const rows = turn.readings.map((one) => [one.reader, NAMES[one.category] + (one.is_sure ? "" : " (not sure)")]);
    $("said").replaceChildren(...table(["reader", "said"], rows));
  } else if (settling) {
    $("said").replaceChildren();
  }
}

function count(progress) {
  $("mine").textContent = `${progress.mine} labelled, ${progress.left} to go`;
  $("waiting").textContent = progress.waiting ? `${progress.waiting} wait for a second reader` : "";
  $("differ").textContent = progress.differ;
  $("undo").disabled = !progress.can_undo;
  $("empty").textContent = state.mode === "settle" ? "Readers differ about no photo."
    : progress.left ? "" : "All photos that wait for you are labelled.";
}

// Acts

function label(category, pressedAt, isSure) {
  const turn = current();
  if (!turn) return;
  const kind = state.mode === "settle" ? "settle" : "label";
  locked(() => leave(kind, {
    photo: turn.photo, value: category, is_sure: isSure && state.sure, saw_evidence: state.sawEvidence,
    seconds: Math.round(pressedAt - state.shownAt) / 1000,
  }, pressedAt));
}

function skip(pressedAt) {
  const turn = current();
  if (turn && state.mode === "label") locked(() => leave("skip", { photo: turn.photo }, pressedAt));
}

// The next photo is shown while the act is on its way; no key counts until it is written down.
async function leave(kind, extra, pressedAt) {
  const [turn, ...rest] = state.turns;
  const sent = state.notes.then(() => act(kind, extra));
  if (kind === "settle" || !rest.length) return next(await sent, pressedAt);
  const shown = show(rest, pressedAt);
  try {
    const told = await sent;
    await shown;
    count(told.progress);
    if (told.turns[0]?.photo !== current().photo) return show(told.turns);
    state.turns = told.turns;
    loadAhead();
  } catch (error) {
    await shown;
    await show([turn, ...rest]);
    throw error;
  }
}

async function next(told, pressedAt) {
  if (state.mode === "settle") {
    await settle(pressedAt);
  } else {
    count(told.progress);
    await show(told.turns, pressedAt);
  }
}

function undo(pressedAt) {
  locked(async () => next(await act("undo"), pressedAt));
}

// At once on the page, and sent in turn: whoever types fast must not find the digit for a field taken for a label.
function fill(field, value) {
  const turn = current();
  const before = turn.fields[field] ?? "";
  turn.fields[field] = before === value ? "" : value;
  closeMenu();
  describe();
  const body = { photo: turn.photo, field, value: turn.fields[field] };
  state.notes = state.notes.then(() => act("note", body)).catch((error) => {
    turn.fields[field] = before;
    describe();
    note(error.message);
  });
}

// Optional fields

function openMenu(field) {
  const same = state.field === field;
  closeMenu();
  if (same || !current() || state.mode === "settle") return;
  state.field = field;
  document.querySelector(`[data-field=${field}]`).setAttribute("aria-expanded", "true");
  $("menu").replaceChildren(...FIELDS[field].map((value, index) => {
    const button = document.createElement("button");
    button.type = "button";
    const key = document.createElement("kbd");
    key.textContent = MENU_KEYS[index];
    button.append(key, " ", SAID[value] ?? value);
    if (field === "skin_tone") {
      button.lastChild.textContent = ` ${index + 1}`;
      button.setAttribute("aria-label", value);
      const tone = document.createElement("span");
      tone.className = "tone";
      tone.style.background = SETUP.monk[index];
      button.append(" ", tone);
    }
    button.addEventListener("click", () => fill(field, value));
    return button;
  }));
  $("menu").hidden = false;
}

function closeMenu() {
  state.field = "";
  $("menu").hidden = true;
  for (const button of document.querySelectorAll("[data-field]")) button.setAttribute("aria-expanded", "false");
}

// View

function transform() {
  const { scale, x, y } = state.zoom;
  const brightness = $("brightness").value;
  $("zoom").value = scale;
  for (const image of $("frame").children) {
    image.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    image.style.filter = `brightness(${brightness}%)`;
  }
  if (scale >= FULL_FROM && !state.full && current()) loadFull(current().photo);
}

async function loadFull(photo) {
  state.full = true;
  const image = new Image();
  image.alt = "";
  image.draggable = false;
  image.src = `full/${photo}.jpg`;
  try {
    await image.decode();
  } catch {
    return;
  }
  if (current()?.photo === photo && $("evidence").getAttribute("aria-pressed") === "false") {
    $("frame").replaceChildren(image);
    transform();
  }
}

function zoomTo(scale, centre) {
  const box = $("stage").getBoundingClientRect();
  const point = centre ?? { x: box.width / 2, y: box.height / 2 };
  const before = state.zoom;
  const after = Math.min(8, Math.max(1, scale));
  const factor = after / before.scale;
  state.zoom = after === 1 ? { scale: 1, x: 0, y: 0 }
    : { scale: after, x: point.x - (point.x - before.x) * factor, y: point.y - (point.y - before.y) * factor };
  transform();
}

function brighten(step) {
  $("brightness").value = Number($("brightness").value) + step;
  transform();
}

async function toggleEvidence() {
  const turn = current();
  if (!turn) return;
  const isOn = $("evidence").getAttribute("aria-pressed") === "true";
  $("evidence").setAttribute("aria-pressed", String(!isOn));
  if (isOn) {
    state.full = false;
    $("frame").replaceChildren(picture(turn.photo).image);
    transform();
    return;
  }
  const image = new Image();
  image.alt = "Where the score of the model's likeliest category comes from";
  image.draggable = false;
  image.src = `evidence/${turn.photo}.jpg`;
  try {
    await image.decode();
  } catch {
    note("No part of this photo speaks for a category.");
    $("evidence").setAttribute("aria-pressed", "false");
    return;
  }
  if (current() !== turn || $("evidence").getAttribute("aria-pressed") !== "true") return;
  // Shown once, it may have led: the label says so.
  state.sawEvidence = true;
  $("frame").replaceChildren(image);
  transform();
}

// Settling

function table(head, rows) {
  const made = document.createElement("table");
  for (const [index, cells] of [head, ...rows].entries()) {
    const line = made.insertRow();
    for (const text of cells) {
      const cell = document.createElement(index ? "td" : "th");
      cell.textContent = text;
      line.append(cell);
    }
  }
  return [made];
}

async function settle(pressedAt) {
  const told = await ask(`api/agreement?reader=${encodeURIComponent(state.reader)}`);
  const pairs = told.pairs.map((pair) => [
    pair.readers.join(" and "), `${pair.same} of ${pair.photos}`,
    pair.kappa === null ? "not defined" : `${pair.kappa.toFixed(2)} (${pair.low.toFixed(2)} to ${pair.high.toFixed(2)})`,
  ]);
  const said = document.createElement("div");
  said.id = "said";
  const heading = document.createElement("h2");
  heading.textContent = "Agreement";
  const none = document.createElement("p");
  none.textContent = "No photo has two readers yet.";
  $("readings").replaceChildren(said, heading, ...(pairs.length ? table(["readers", "same", "Cohen's kappa, 95 %"], pairs) : [none]));
  count(told.progress);
  await show(told.differing, pressedAt);
}

async function begin(mode) {
  state.mode = mode;
  if (mode === "settle") {
    await settle();
  } else {
    const told = await ask(`api/desk?reader=${encodeURIComponent(state.reader)}`);
    count(told.progress);
    await show(told.turns);
  }
}

async function writeManifest() {
  const told = await ask("api/manifest", {});
  const photos = Object.values(told.counts).reduce((sum, one) => sum + one, 0);
  const left = told.differ ? ` Left out: ${told.differ} about which readers differ.` : "";
  note(`${photos} photos in ${told.path}.${left}`);
}

// Keys

function character(event) {
  // Digits by their place on the keyboard: some layouts have them behind Shift.
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
  return digit ? digit[1] : event.key.toLowerCase();
}

const KEY_ACTIONS = {
  s: skip, arrowright: skip, z: undo, backspace: undo, arrowleft: undo,
  u: () => { state.sure = !state.sure; describe(); },
  e: toggleEvidence,
  "+": () => zoomTo(state.zoom.scale * 1.5), "=": () => zoomTo(state.zoom.scale * 1.5),
  "-": () => zoomTo(state.zoom.scale / 1.5),
  ",": () => brighten(-10), ".": () => brighten(10),
  escape: closeMenu,
};

function press(event) {
  if ($("desk").hidden || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const key = character(event);
  const isSlider = event.target instanceof HTMLInputElement;
  if (isSlider && key.startsWith("arrow")) return;
  const at = performance.now();
  if (state.field) {
    const value = FIELDS[state.field][MENU_KEYS.indexOf(key)];
    if (value) {
      event.preventDefault();
      fill(state.field, value);
      return;
    }
  } else if (KEYS[key]) {
    event.preventDefault();
    label(KEYS[key], at, !event.shiftKey);
    return;
  }
  if (FIELD_KEYS[key]) {
    event.preventDefault();
    openMenu(FIELD_KEYS[key]);
  } else if (KEY_ACTIONS[key]) {
    event.preventDefault();
    KEY_ACTIONS[key](at);
  }
}

document.addEventListener("keydown", press);
for (const button of document.querySelectorAll("#choices button")) {
  button.addEventListener("click", () => label(button.dataset.category, performance.now(), true));
}
for (const button of document.querySelectorAll("[data-field]")) {
  button.addEventListener("click", () => openMenu(button.dataset.field));
}
$("unsure").addEventListener("click", KEY_ACTIONS.u);
$("skip").addEventListener("click", () => skip(performance.now()));
$("undo").addEventListener("click", () => undo(performance.now()));
$("evidence").addEventListener("click", toggleEvidence);
$("zoom").addEventListener("input", () => zoomTo(Number($("zoom").value)));
$("brightness").addEventListener("input", transform);
$("to-label").addEventListener("click", () => locked(() => begin("label")));
$("to-settle").addEventListener("click", () => locked(() => begin("settle")));
$("manifest").addEventListener("click", () => locked(writeManifest));
$("stage").addEventListener("wheel", (event) => {
  event.preventDefault();
  const box = $("stage").getBoundingClientRect();
  zoomTo(state.zoom.scale * (event.deltaY < 0 ? 1.25 : 0.8), { x: event.clientX - box.left, y: event.clientY - box.top });
}, { passive: false });
$("frame").addEventListener("pointerdown", (event) => $("frame").setPointerCapture(event.pointerId));
$("frame").addEventListener("pointermove", (event) => {
  if (!event.buttons || state.zoom.scale === 1) return;
  state.zoom.x += event.movementX;
  state.zoom.y += event.movementY;
  transform();
});

async function enter(name) {
  state.reader = name;
  await begin("label");
  sessionStorage.setItem("redspots-reader", name);
  $("reader").textContent = name;
  $("who").hidden = true;
  $("desk").hidden = false;
  document.activeElement?.blur();
}

$("who").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = $("name").value.trim();
  // Who writes the own name in other letters goes on, too.
  const known = Array.from($("readers").options, (option) => option.value);
  enter(known.find((one) => one.toLowerCase() === name.toLowerCase()) ?? name).catch((error) => {
    $("name").setCustomValidity(error.message);
    $("name").reportValidity();
  });
});
$("name").addEventListener("input", () => $("name").setCustomValidity(""));
$("name").value = SETUP.reader || sessionStorage.getItem("redspots-reader") || "";
$("name").focus();
