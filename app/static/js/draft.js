// <form data-draft="user:case:entry">: what is typed stays in this browser until the server has it, so that a lost
// page, a dead battery or a session that ended costs nothing. It goes when the note is saved, when the user signs
// out, and after a week. Neither files nor tokens are kept; the note's key is, so that what was saved after all
// counts once. data-draft-typed: the server sent the form back with what was typed, which goes before the draft.
import { attach } from "./attach.js";

const PREFIX = "qingshou-draft:";
const WEEK_MS = 7 * 24 * 3600 * 1000;
const PAUSE_MS = 300;
const NOT_KEPT = new Set(["csrf_token"]);

function stored(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

function drafts() {
  return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
}

function values(form) {
  return [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !NOT_KEPT.has(name));
}

function put(form, kept) {
  for (const control of form.elements) {
    if (!control.name || NOT_KEPT.has(control.name) || control.type === "file") continue;
    const found = kept.filter(([name]) => name === control.name).map(([, value]) => value);
    if (control.type === "radio" || control.type === "checkbox") control.checked = found.includes(control.value);
    else if (found.length) control.value = found[0];
  }
}

// Is there anything in it that the server did not put there?
function touched(form) {
  return [...form.elements].some((control) => {
    if (!control.name || control.type === "file" || control.type === "hidden") return false;
    if (control.type === "radio" || control.type === "checkbox") return control.checked !== control.defaultChecked;
    if (control.options) return [...control.options].some((option) => option.selected && !option.defaultSelected && option.index);
    return control.value !== control.defaultValue;
  });
}

// Those that are old, and the one whose note the server says is saved.
function forget() {
  const saved = document.cookie.match(/(?:^|; )note_saved=([^;]*)/)?.[1];
  for (const name of drafts()) {
    const draft = stored(name);
    const isSaved = saved && draft?.values.some(([field, value]) => field === "key" && value === saved);
    if (!draft || isSaved || Date.now() - draft.at > WEEK_MS) localStorage.removeItem(name);
  }
  if (saved) document.cookie = "note_saved=; max-age=0; path=/; samesite=lax";
}

forget();

document.addEventListener("submit", (event) => {
  if (event.target.getAttribute("action") === "/logout") drafts().forEach((name) => localStorage.removeItem(name));
});

attach("data-draft", (form) => {
  const name = PREFIX + form.dataset.draft;
  const note = form.querySelector("[data-draft-note]");
  const draft = stored(name);
  if (draft && !("draftTyped" in form.dataset)) {
    put(form, draft.values);
    note.hidden = false;
  }
  const keep = () => {
    if (touched(form)) localStorage.setItem(name, JSON.stringify({ at: Date.now(), values: values(form) }));
    else localStorage.removeItem(name);
  };
  let timer = 0;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE_MS);
  });
  form.addEventListener("submit", keep);
  window.addEventListener("pagehide", () => {
    if (timer) keep();
  });
  form.querySelector("[data-draft-drop]").addEventListener("click", () => {
    localStorage.removeItem(name);
    window.location.reload();
  });
});
