// The mailbox's script: it follows links without a new page, asks for new mail, and listens to the keyboard.
// Without it each link and form works as it stands.
"use strict";

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const kept = {
  get: (name) => { try { return localStorage.getItem("postbox-" + name); } catch { return null; } },
  set: (name, value) => { try { localStorage.setItem("postbox-" + name, value); } catch { /* a private window */ } },
};

const paint = () => { root.dataset.theme = kept.get("theme") || (dark.matches ? "dark" : "light"); };
paint();
dark.addEventListener("change", paint);

const find = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const POLL = 1500; // milliseconds

let tag = null; // the ETag of the list that is shown
let asked = 0; // how many mails were asked for; only the answer to the last counts

document.addEventListener("DOMContentLoaded", () => {
  document.addEventListener("click", clicked);
  document.addEventListener("submit", submitted);
  document.addEventListener("keydown", pressed);
  addEventListener("popstate", () => show(location.href));
  find("#search")?.addEventListener("input", search);
  find("#locale")?.addEventListener("change", (event) => {
    const url = new URL(location.href);
    url.searchParams.set("locale", event.target.value);
    location.assign(url);
  });
  for (const button of all("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
  dress();
  current()?.scrollIntoView({ block: "nearest" });
  if (find("#rows") || find("#outbox")) poll();
});

// What is asked of the server

async function ask(url, options = {}) {
  const headers = { "X-Fragment": "1", ...options.headers };
  const response = await fetch(url, { ...options, headers, cache: "no-store" });
  return { response, text: await response.text() };
}

function toast(words, bad = false) {
  const place = find("#toast");
  place.textContent = words;
  place.classList.toggle("bad", bad);
  place.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { place.hidden = true; }, bad ? 12000 : 3000);
}

async function post(url, form) {
  const { response, text } = await ask(url, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  toast(response.status === 403 ? "Refused: load the page again." : text, !response.ok);
  return response.ok;
}

// Looking at a mail

async function show(url) {
  const path = new URL(url, location.href).pathname;
  const mine = ++asked;
  if ([document.body.dataset.index, document.body.dataset.previews].includes(path)) return close();
  const { response, text } = await ask(url);
  if (mine !== asked) return;
  if (!response.ok) return toast("This mail is gone.", true);
  find("#pane").innerHTML = text;
  find("#panes").classList.add("opened");
  dress();
  if (find("#rows")) poll(); // it counts as read now
}

async function open(url) {
  history.pushState(null, "", keep(url));
  await show(url);
}

function keep(url) { // the search stays in the address
  const query = find("#search")?.value;
  const target = new URL(url, location.href);
  if (query) target.searchParams.set("q", query);
  return target;
}

function close() {
  find("#panes").classList.remove("opened");
  current()?.removeAttribute("aria-current");
  const letter = find(".letter");
  if (letter) letter.remove();
  title();
}

function back() {
  const row = current();
  const previews = document.body.dataset.page === "previews";
  history.pushState(null, "", previews ? document.body.dataset.previews + location.search : keep(document.body.dataset.index));
  close();
  row?.focus();
}

const current = () => find(".row[aria-current]");

function mark() {
  const id = find(".letter")?.dataset.id || decodeURIComponent(location.pathname.split("/").pop());
  for (const row of all(".row")) {
    const chosen = row.dataset.id === id;
    if (chosen) {
      row.setAttribute("aria-current", "true");
      if (row.classList.contains("new")) count(Number(find("#unread").textContent) - 1);
      row.classList.remove("new");
    } else row.removeAttribute("aria-current");
  }
}

function dress() { // what a fragment cannot know: which row it belongs to, and how wide and dark it is wanted
  mark();
  title();
  if (find(".panel.html")) {
    width(kept.get("width") || "full");
    if (kept.get("dark") === "1") recolour(true);
  }
}

function title() {
  const unread = Number(find("#unread").textContent);
  const subject = find(".letter")?.dataset.title;
  const page = document.body.dataset.page;
  document.title = (unread && page === "mail" ? `(${unread}) ` : "")
    + (subject || page[0].toUpperCase() + page.slice(1)) + " · Postbox";
}

const WIDTHS = ["phone", "tablet", "full"];

function width(name) {
  find(".panel.html").dataset.width = name;
  for (const button of all(".group [data-width]")) button.setAttribute("aria-pressed", button.dataset.width === name);
  kept.set("width", name);
}

function frame(change) {
  const old = find(".stage iframe");
  const source = new URL(old.src);
  change(source.searchParams);
  const fresh = old.cloneNode();
  fresh.src = source.href;
  old.replaceWith(fresh); // a new element leaves no entry in the history
}

function recolour(on) {
  const button = find("[data-do=dark]");
  button.setAttribute("aria-pressed", on);
  find(".panel.html").toggleAttribute("data-dark", on);
  const note = find(".tools-note");
  note.textContent = button.dataset.note || "";
  note.hidden = !on || !button.dataset.note;
  frame((query) => (on ? query.set("scheme", "dark") : query.delete("scheme")));
}

// The list

async function poll() {
  clearTimeout(poll.timer);
  if (!document.hidden) {
    try {
      await (find("#rows") ? refresh() : outbox());
      document.body.classList.remove("offline");
    } catch {
      document.body.classList.add("offline"); // the application is being restarted
    }
  }
  poll.timer = setTimeout(poll, find("#rows") ? POLL : 3 * POLL);
}
document.addEventListener("visibilitychange", () => { if (!document.hidden && poll.timer) poll(); });

async function refresh() {
  const query = find("#search").value;
  const url = new URL(document.body.dataset.list, location.href);
  if (query) url.searchParams.set("q", query);
  const { response, text } = await ask(url, { headers: tag ? { "If-None-Match": tag } : {} });
  if (response.status !== 200 || query !== find("#search").value) return;
  const first = tag === null;
  tag = response.headers.get("ETag");
  const before = new Set(all(".row").map((row) => row.dataset.id));
  const focused = document.activeElement?.dataset?.id;
  find("#rows").innerHTML = text;
  const tally = find(".tally").dataset;
  if (!query) count(Number(tally.unread));
  for (const row of all(".row")) {
    if (!first && !query && !before.has(row.dataset.id)) row.classList.add("came");
    if (row.dataset.id === focused) row.focus({ preventScroll: true });
  }
  mark();
  title();
}

async function outbox() {
  if (document.activeElement?.closest?.("#outbox form")) return; // not under somebody's fingers
  const { response, text } = await ask(location.href);
  if (response.ok) find("#outbox").innerHTML = text;
}

function count(unread) {
  const badge = find("#unread");
  badge.textContent = unread || "";
  badge.hidden = !unread;
}

function search() {
  clearTimeout(search.timer);
  search.timer = setTimeout(() => {
    const url = new URL(location.href);
    if (find("#search").value) url.searchParams.set("q", find("#search").value);
    else url.searchParams.delete("q");
    history.replaceState(null, "", url);
    tag = null;
    poll();
  }, 120);
}

function step(by) {
  const rows = all(".row");
  if (!rows.length) return;
  const at = rows.indexOf(current() || document.activeElement);
  const row = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  if (row === current()) return;
  current()?.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true");
  clearTimeout(step.timer);
  step.timer = setTimeout(() => open(row.href), 60); // a key that is held down opens only the last
}

// What can be done

const actions = {
  theme() {
    kept.set("theme", root.dataset.theme === "dark" ? "light" : "dark");
    paint();
  },
  help() { find("#help").showModal(); },
  clear() { find("#clear").showModal(); },
  dark() { if (find(".panel.html")) { const on = find("[data-do=dark]").getAttribute("aria-pressed") !== "true"; kept.set("dark", on ? "1" : "0"); recolour(on); } },
  remote(button) {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", on);
    frame((query) => (on ? query.set("remote", "1") : query.delete("remote")));
  },
  send() {
    const letter = find(".letter[data-base]");
    if (!letter) return;
    const form = find("#send form");
    form.action = `${letter.dataset.base}/send${location.search}`;
    form.elements.address.value = kept.get("address") || "";
    find("#send").showModal();
    form.elements.address.select();
  },
  async test() {
    const code = find(".letter template[data-test]")?.content.textContent;
    if (!code) return;
    find("#test pre").textContent = code;
    find("#test").showModal();
    let words = "It is on the clipboard.";
    try { await navigator.clipboard.writeText(code); } catch { words = "Select it to copy it."; }
    find("#test [data-copied]").textContent = words;
  },
};

function clicked(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button) return;
  const doing = event.target.closest("[data-do]");
  const wide = event.target.closest("button[data-width]");
  const link = event.target.closest("a[data-open], a[data-back]");
  if (doing) actions[doing.dataset.do](doing);
  else if (wide) width(wide.dataset.width);
  else if (link) {
    event.preventDefault();
    if (link.hasAttribute("data-back")) back();
    else open(link.href);
  }
}

async function submitted(event) {
  const form = event.target;
  if (form.matches(".search")) {
    event.preventDefault();
    find(".row")?.focus();
  } else if (form.hasAttribute("data-delete")) {
    event.preventDefault();
    await remove(form);
  } else if (form.hasAttribute("data-act")) {
    event.preventDefault();
    event.submitter?.blur();
    if (await post(event.submitter.formAction, form)) poll();
  } else if (form.closest("#send")) {
    event.preventDefault();
    kept.set("address", form.elements.address.value);
    find("#send").close();
    toast("Sending …");
    await post(form.action, form);
  } else if (form.closest("#clear")) {
    event.preventDefault();
    find("#clear").close();
    if (await post(form.action, form)) location.assign(document.body.dataset.index);
  }
}

async function remove(form) {
  const rows = all(".row");
  const at = rows.indexOf(current());
  const next = rows[at + 1] || rows[at - 1];
  if (!await post(form.action, form)) return;
  if (at >= 0) rows[at].closest("li").remove();
  if (next) {
    history.replaceState(null, "", keep(next.href));
    await show(next.href);
  } else back();
  poll();
}

async function unread() {
  const letter = find(".letter");
  if (!letter?.dataset.id) return;
  if (await post(`${letter.dataset.base}/unread`, find("#tokens"))) { back(); poll(); }
}

// The keyboard

const keys = {
  j: () => step(1), ArrowDown: () => step(1),
  k: () => step(-1), ArrowUp: () => step(-1),
  Enter: () => find("#pane")?.focus(),
  o: () => find("#pane")?.focus(),
  Escape: () => { if (find(".panes.opened")) back(); },
  "/": () => { find("#search")?.focus(); find("#search")?.select(); },
  d: () => find("form[data-delete]")?.requestSubmit(),
  Delete: () => find("form[data-delete]")?.requestSubmit(),
  "#": () => find("form[data-delete]")?.requestSubmit(),
  w: () => { const panel = find(".panel.html"); if (panel) width(WIDTHS[(WIDTHS.indexOf(panel.dataset.width) + 1) % 3]); },
  m: () => actions.dark(),
  s: () => actions.send(),
  t: () => actions.test(),
  u: () => unread(),
  "?": () => actions.help(),
};
const places = { m: "index", i: "index", p: "previews", o: "outbox" };
let going = -Infinity; // when g was pressed

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || find("dialog[open]")) return;
  const typing = event.target.closest("input, select, textarea");
  if (typing) {
    if (event.key === "Escape") typing.blur();
    return;
  }
  if (performance.now() - going < 1000 && document.body.dataset[places[event.key]]) {
    going = -Infinity;
    location.assign(document.body.dataset[places[event.key]]);
  } else if (event.key === "g") going = performance.now();
  else if (/^[1-9]$/.test(event.key)) {
    const tab = all(".tabs a")[event.key - 1];
    if (tab) open(tab.href);
  } else if (keys[event.key]) {
    const onLink = event.key === "Enter" && event.target.closest("a, button");
    const inPane = event.key.startsWith("Arrow") && find("#pane")?.contains(event.target);
    if (onLink || inPane) return; // the browser knows better
    event.preventDefault();
    keys[event.key]();
  }
}
