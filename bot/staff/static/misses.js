// After questions were added to an entry the assistant is asked again; the result takes the place of the
// waiting line, and the list is brought up to it. Without it the result is there when the page is opened again.
(() => {
  "use strict";

  const EVERY_MS = 1000;
  const TIMES = 15;
  const place = document.getElementById("vua-xong");
  let left = TIMES;

  const waits = () => place !== null && place.querySelector("[data-waiting]") !== null;

  async function look() {
    const answer = await fetch(location.href, { cache: "no-store", redirect: "manual" });
    if (!answer.ok) return;
    // The server escaped everything people wrote; a piece of its page takes the place of the same piece here.
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("vua-xong");
    if (fresh === null || fresh.querySelector("[data-waiting]") !== null) return;
    place.replaceChildren(...fresh.childNodes);
    const list = document.getElementById("danh-sach");
    const newer = page.getElementById("danh-sach");
    // Nobody's ticks are taken away while they are at it.
    if (list && newer && !list.contains(document.activeElement)) list.replaceChildren(...newer.childNodes);
  }

  function again() {
    if (!waits() || left-- <= 0) return;
    look().catch(() => {}).finally(() => setTimeout(again, EVERY_MS));
  }

  if (waits()) setTimeout(again, EVERY_MS);
})();
