// Keeps the living part of a page fresh. Without it every page works and has a link to load it again.
(() => {
  "use strict";

  const place = document.querySelector("[data-live]");
  if (!place) return;

  const EVERY_MS = 5000;
  const title = document.title;
  const news = document.querySelector("[data-news]");
  const changed = document.querySelector("[data-changed]");
  const form = document.querySelector(".answer[data-shown]");
  let etag = "";
  let timer = 0;

  function isInUse() {
    const selection = document.getSelection();
    const selecting = selection && !selection.isCollapsed && place.contains(selection.anchorNode);
    const focused = document.activeElement;
    return selecting || (place.contains(focused) && focused.matches("a, button"));
  }

  function count() {
    return place.dataset.counts ? place.querySelectorAll(place.dataset.counts).length : 0;
  }

  function show(html) {
    const before = count();
    const talk = place.querySelector(".talk");
    const offset = talk ? talk.scrollTop : 0;
    const wasFocused = talk && talk === document.activeElement;
    // The server escaped everything people wrote; this is the same markup the page was made of.
    place.innerHTML = html;
    const fresh = place.querySelector(".talk");
    if (fresh) {
      fresh.scrollTop = offset;
      if (wasFocused) fresh.focus({ preventScroll: true });
    }
    if (count() > before) {
      if (news) news.textContent = "Có lời mới trong cuộc trò chuyện.";
      if (document.hidden) document.title = `● ${title}`;
    }
    const standing = place.querySelector("[data-shown]");
    if (changed && form && standing) changed.hidden = standing.dataset.shown === form.dataset.shown;
  }

  async function look() {
    const headers = etag ? { "If-None-Match": etag } : {};
    const answer = await fetch(place.dataset.live, { headers, cache: "no-store" });
    if (answer.status === 401) {
      clearInterval(timer);
      if (changed) {
        changed.textContent = "Phiên làm việc đã hết. Chép lại lời đang viết, rồi đăng nhập lại nhé.";
        changed.hidden = false;
      } else {
        location.reload();
      }
      return;
    }
    if (!answer.ok || isInUse()) return;
    const html = await answer.text();
    const isFirst = etag === "";
    etag = answer.headers.get("ETag") || "";
    if (!isFirst || html.trim() !== place.innerHTML.trim()) show(html);
  }

  function tick() {
    look().catch(() => {
      // The network is away for a moment; the next look tries again.
    });
  }

  timer = setInterval(tick, EVERY_MS);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) {
      document.title = title;
      tick();
    }
  });
})();
