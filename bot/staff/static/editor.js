// For every form that stands beside what citizens will read (`data-editor`): counts letters (`data-counter`), draws
// the preview anew while typing, swaps parts of the page for a button (`data-swap`: their ids), gives Enter in a
// search field to its button (`data-enter`), and warns of what is not saved. Without it every button works by itself:
// the server draws the whole page again with all that was typed.
(() => {
  "use strict";

  const WAIT_MS = 700;
  const form = document.querySelector("[data-editor]");
  if (!form) return;
  let dirty = document.querySelector(".message.bad, .message.warn") !== null;
  let timer = 0;
  let asked = 0;

  for (const counter of form.querySelectorAll("[data-counter]")) {
    const field = document.getElementById(counter.dataset.counter);
    const limit = Number(field.dataset.limit);
    const count = () => {
      const length = [...field.value.trim()].length;
      counter.textContent = `${length} / ${limit} ký tự`;
      counter.classList.toggle("over", length > limit);
    };
    field.addEventListener("input", count);
    count();
  }

  // The server escaped everything people wrote; a piece of its page takes the place of the same piece here.
  async function swap(ids, button) {
    const mine = ++asked;
    const data = new FormData(form);
    data.set("viec", "xem");
    const address = button?.getAttribute("formaction") ?? form.getAttribute("action");
    const answer = await fetch(address.split("#")[0], {
      method: "POST",
      body: new URLSearchParams(data),
      redirect: "manual",
    });
    if (!answer.ok) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asked && !button) return true;
    for (const id of ids) {
      const fresh = page.getElementById(id);
      const old = document.getElementById(id);
      if (fresh && old) old.replaceChildren(...fresh.childNodes);
    }
    return true;
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-swap]");
    if (!button) return;
    event.preventDefault();
    button.setAttribute("aria-busy", "true");
    swap(button.dataset.swap.split(" "), button)
      .then((done) => done || ((dirty = false), form.requestSubmit(button)))
      .catch(() => {})
      .finally(() => button.removeAttribute("aria-busy"));
  });

  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.dataset.enter) return;
    event.preventDefault();
    document.getElementById(event.target.dataset.enter).click();
  });

  form.addEventListener("input", (event) => {
    if (event.target.dataset.enter) return; // what is searched by is not saved
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(() => swap(["xem-truoc"]).catch(() => {}), WAIT_MS);
  });
  form.addEventListener("submit", () => {
    dirty = false;
    clearTimeout(timer);
  });
  addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  });
})();
