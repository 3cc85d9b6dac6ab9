// Keeps the living parts of a page fresh: a stream says that something changed, the page fetches what it shows.
// Without streams it looks every few seconds; without this script every page works and has a link to load it again.
(() => {
  "use strict";

  // Whoever signs out leaves nothing half written behind for the next person at this computer.
  for (const form of document.querySelectorAll("form.leave")) {
    form.addEventListener("submit", () => {
      for (const name of Object.keys(sessionStorage)) {
        if (name.startsWith("kh-nhap:")) sessionStorage.removeItem(name);
      }
    });
  }

  const place = document.querySelector("[data-live]");
  if (!place) return;

  const OFTEN_MS = 5000;
  const RARELY_MS = 60000; // times in words grow older also when nothing happens
  const HIDDEN_MS = 20000; // a page nobody sees leaves its connection to those that are seen
  const STREAM_AGAIN_MS = 60000;
  const title = document.title;
  const news = document.querySelector("[data-news]");
  const changed = document.querySelector("[data-changed]");
  let etag = "";
  let said = place.querySelector("[data-said]")?.dataset.said;
  let timer = 0;
  let dueAt = 0;
  let source = null;
  let mayStreamAt = 0;
  let isLooking = false;
  let again = false;
  let isLate = false;
  let isOver = false;

  const isStreaming = () => source !== null && source.readyState === EventSource.OPEN;

  function isSelecting() {
    const selection = document.getSelection();
    return Boolean(selection) && !selection.isCollapsed && place.contains(selection.anchorNode);
  }

  function count() {
    return place.dataset.counts ? place.querySelectorAll(place.dataset.counts).length : 0;
  }

  // What had the focus, what was folded open and how far it was scrolled stays so.
  function swap(old, fresh) {
    if (old.innerHTML.trim() === fresh.innerHTML.trim()) return;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const opened = [...old.querySelectorAll("details[open][id]")].map((one) => one.id);
    const offset = old.querySelector(".talk")?.scrollTop;
    const folded = focused?.matches("summary") ? focused.parentElement.id : "";
    const address = focused?.getAttribute("href");
    const id = focused?.id;
    old.replaceChildren(...fresh.childNodes);
    for (const name of opened) {
      const fold = document.getElementById(name);
      if (fold) fold.open = true;
    }
    const talk = old.querySelector(".talk");
    if (talk && offset !== undefined) talk.scrollTop = offset;
    if (!focused) return;
    const same =
      (id && document.getElementById(id)) ||
      (folded && document.getElementById(folded)?.querySelector("summary")) ||
      (address && [...old.querySelectorAll("a[href]")].find((one) => one.getAttribute("href") === address));
    if (same) same.focus({ preventScroll: true });
  }

  function show(html) {
    const before = count();
    // The server escaped everything people wrote; this is the same markup the page was made of.
    const fresh = new DOMParser().parseFromString(html, "text/html").body;
    const parts = fresh.querySelectorAll("[data-part]");
    for (const part of parts) {
      const old = place.querySelector(`[data-part="${part.dataset.part}"]`);
      if (old) swap(old, part);
    }
    if (!parts.length) swap(place, fresh);
    const told = place.querySelector("[data-said]")?.dataset.said;
    if (count() > before) {
      if (news) news.textContent = "Có lời mới trong cuộc trò chuyện.";
      if (document.hidden) document.title = `● ${title}`;
    } else if (news && told && told !== said) {
      news.textContent = told;
      if (document.hidden) document.title = `● ${title}`;
    }
    said = told;
    document.dispatchEvent(new CustomEvent("kh:moi"));
  }

  async function fetched() {
    const headers = etag ? { "If-None-Match": etag } : {};
    const answer = await fetch(place.dataset.live, { headers, cache: "no-store" });
    if (answer.status === 401) return signedOut();
    if (!answer.ok) return;
    isLate = isSelecting();
    if (isLate) return;
    const html = await answer.text();
    etag = answer.headers.get("ETag") || "";
    show(html);
  }

  function signedOut() {
    isOver = true;
    clearTimeout(timer);
    source?.close();
    if (!changed) {
      location.reload();
      return;
    }
    changed.textContent = "Phiên làm việc đã hết. Câu đang viết vẫn được giữ ở đây; bạn đăng nhập lại để viết tiếp nhé.";
    changed.hidden = false;
  }

  async function look() {
    if (isLooking) {
      again = true;
      return;
    }
    isLooking = true;
    try {
      do {
        again = false;
        await fetched();
      } while (again);
    } catch {
      // The network is away for a moment; the next look tries again.
    } finally {
      isLooking = false;
      clearTimeout(timer);
      timer = 0;
      plan();
    }
  }

  // The next look: what was planned for earlier stays, however often a stream fails meanwhile.
  function plan() {
    if (isOver) return;
    const pause = document.hidden ? HIDDEN_MS : isStreaming() ? RARELY_MS : OFTEN_MS;
    const due = performance.now() + pause;
    if (timer && dueAt <= due) return;
    clearTimeout(timer);
    dueAt = due;
    timer = setTimeout(() => {
      timer = 0;
      listen();
      look();
    }, pause);
  }

  function listen() {
    const address = place.dataset.stream;
    if (!address || !window.EventSource || document.hidden || isOver) return;
    if (source !== null || Date.now() < mayStreamAt) return;
    source = new EventSource(address);
    source.addEventListener("moi", look);
    source.addEventListener("open", plan);
    source.addEventListener("error", () => {
      if (source !== null && source.readyState === EventSource.CLOSED) {
        source = null;
        mayStreamAt = Date.now() + STREAM_AGAIN_MS;
      }
      plan();
    });
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source?.close();
      source = null;
      plan();
      return;
    }
    document.title = title;
    listen();
    look();
  });
  document.addEventListener("selectionchange", () => {
    if (isLate && !isSelecting()) {
      isLate = false;
      look();
    }
  });
  document.addEventListener("kh:nhin", look);
  addEventListener("pagehide", () => source?.close());

  listen();
  plan();
})();
