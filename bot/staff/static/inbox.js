// Counts reply windows down, keeps what is half written, and puts ready answers in without loading the page.
// Without it everything works: the server says how long is left, gives back what was typed, draws what was found.
(() => {
  "use strict";

  const TICK_MS = 15000;
  const SHORT_MS = 2 * 60 * 60 * 1000;
  const desk = document.querySelector(".desk");
  const changed = document.querySelector("[data-changed]");
  const who = document.querySelector(".who-am-i")?.textContent ?? "";
  // The clock of an old computer may be wrong: the server's counts.
  const started = performance.now();
  const clockOfServer = desk ? Date.parse(desk.dataset.now) : Date.now();
  const now = () => clockOfServer + (performance.now() - started);
  const told = new Set();
  let timer = 0;

  // The same words as the server's (bot.staff.words.duration).
  function duration(ms) {
    const minutes = Math.floor(ms / 60000);
    if (minutes >= 2 * 24 * 60) return `${Math.floor(minutes / (24 * 60))} ngày`;
    if (minutes >= 60) return `${Math.floor(minutes / 60)} giờ`;
    return minutes >= 1 ? `${minutes} phút` : "chưa đầy 1 phút";
  }

  function countDown() {
    clearTimeout(timer);
    let next = TICK_MS;
    for (const one of document.querySelectorAll("[data-until]")) {
      const left = Date.parse(one.dataset.until) - now();
      if (left <= 0) {
        if (told.has(one.dataset.until)) continue;
        told.add(one.dataset.until);
        document.dispatchEvent(new CustomEvent("kh:nhin"));
        continue;
      }
      next = Math.min(next, left + 50);
      const text = `còn ${duration(left)}`;
      if (one.textContent !== text) one.textContent = text;
      const badge = one.closest("[data-window]");
      if (badge) {
        badge.classList.toggle("warn", left < SHORT_MS);
        badge.classList.toggle("plain", left >= SHORT_MS);
      }
      one.closest(".deadline")?.classList.toggle("short", left < SHORT_MS);
    }
    timer = setTimeout(countDown, next);
  }

  // --- what is half written ---------------------------------------------------------------------------

  const nameOf = (done) => `kh-nhap:${who}:${location.pathname}:${done}`;

  function remembered(name) {
    try {
      return sessionStorage.getItem(name) ?? "";
    } catch {
      return "";
    }
  }

  function remember(name, text) {
    try {
      if (text.trim()) sessionStorage.setItem(name, text);
      else sessionStorage.removeItem(name);
    } catch {
      // No room, or not allowed: the server still gives back what it refuses.
    }
  }

  function giveBack() {
    for (const field of document.querySelectorAll("textarea[data-keep]")) {
      const name = nameOf(field.dataset.keep);
      if (field.value.trim()) remember(name, field.value);
      else field.value = remembered(name);
    }
    const kept = document.querySelector("[data-kept]");
    const left = remembered(nameOf("da-gui"));
    const field = kept?.querySelector("textarea");
    if (field && (left || field.value.trim())) {
      if (!field.value.trim()) field.value = left;
      kept.hidden = false;
    }
  }

  function start() {
    const done = new URLSearchParams(location.search).get("bao");
    if (done === "da-gui" || done === "da-ghi") {
      remember(nameOf(done), "");
      // What was half written became a note: it needs not be kept as an answer too.
      if (done === "da-ghi" && !document.getElementById("loi")) remember(nameOf("da-gui"), "");
      history.replaceState(null, "", location.pathname + location.hash);
    }
    giveBack();
    countDown();
  }

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (field.matches?.("textarea[data-keep]")) remember(nameOf(field.dataset.keep), field.value);
  });

  // --- the part below the transcript ------------------------------------------------------------------

  const section = () => document.querySelector(".answer[data-shown]");

  // Somebody took it, gave it back, or the window closed: what can be done is drawn anew, unless it is in use.
  async function followStanding() {
    const standing = document.querySelector(".standing[data-shown]");
    const answer = section();
    if (!standing || !answer || !changed) return;
    if (standing.dataset.shown === answer.dataset.shown) {
      changed.hidden = true;
      return;
    }
    const isInUse = document.getElementById("loi")?.value.trim() || answer.contains(document.activeElement);
    if (isInUse) {
      changed.hidden = false;
      return;
    }
    const page = await pageAt(location.pathname);
    const fresh = page?.querySelector(".answer[data-shown]");
    if (!fresh) return;
    answer.replaceWith(fresh);
    changed.hidden = true;
    giveBack();
  }

  async function pageAt(address, options) {
    const answer = await fetch(address, { cache: "no-store", redirect: "manual", ...options });
    return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  }

  // The server escaped everything people wrote; a piece of its page takes the place of the same piece here.
  async function putIn(form, button) {
    const data = new URLSearchParams(new FormData(form, button.name ? button : undefined));
    const page = await pageAt(button.formAction.split("#")[0], { method: "POST", body: data });
    const fresh = page?.getElementById("cau-co-san");
    if (!fresh) return false;
    document.getElementById("cau-co-san").replaceChildren(...fresh.childNodes);
    if (button.name !== "chon") return true;
    const field = document.getElementById("loi");
    field.value = page.getElementById("loi").value;
    remember(nameOf("da-gui"), field.value);
    document.getElementById("tim-cau").value = "";
    document.getElementById("chen").open = false;
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
    field.scrollTop = field.scrollHeight;
    return true;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("form[data-answer] button[formaction]");
    if (!button) return;
    event.preventDefault();
    button.setAttribute("aria-busy", "true");
    putIn(button.form, button)
      .catch(() => false)
      .then((done) => done || button.form.requestSubmit(button))
      .finally(() => button.removeAttribute("aria-busy"));
  });

  document.addEventListener("kh:moi", () => {
    countDown();
    followStanding().catch(() => {
      if (changed) changed.hidden = false;
    });
  });
  start();
})();
