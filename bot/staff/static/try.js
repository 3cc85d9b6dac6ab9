// Hỏi thử beside every page: a panel at the side, or a sheet from below on a phone. Without it the link leads to
// a page that does the same. The talk is kept in this tab, so that it goes on from page to page.
(() => {
  "use strict";

  const KEPT = "hoi-thu";
  const NARROW = matchMedia("(max-width: 52rem)");
  const token = document.querySelector(".leave input[name=csrf]");
  if (!token || location.pathname === "/staff/hoi-thu") return;
  let dialog;
  let place;
  let told;
  let opener;

  function remember(form) {
    const talk = form && form.elements["noi-chuyen"].value;
    const channel = form && form.elements.kenh ? form.elements.kenh.value : "";
    try {
      if (talk === undefined || talk === null) sessionStorage.removeItem(KEPT);
      else sessionStorage.setItem(KEPT, JSON.stringify({ csrf: token.value, talk, channel }));
    } catch {
      // Kept nowhere then; the panel works all the same.
    }
  }

  function remembered() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT));
      return kept && kept.csrf === token.value ? kept : null;
    } catch {
      return null;
    }
  }

  function make() {
    dialog = document.createElement("dialog");
    dialog.className = "try-panel";
    dialog.setAttribute("aria-labelledby", "thu-ten");
    const head = document.createElement("div");
    head.className = "try-head";
    const title = document.createElement("h2");
    title.id = "thu-ten";
    title.textContent = "Hỏi thử";
    const close = document.createElement("button");
    close.type = "button";
    close.className = "quiet";
    close.textContent = "Đóng";
    close.addEventListener("click", () => dialog.close());
    head.append(title, close);
    place = document.createElement("div");
    place.className = "try-place";
    told = document.createElement("p");
    told.className = "sr-only";
    told.setAttribute("role", "status");
    dialog.append(head, place, told);
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) {
        event.preventDefault();
        dialog.close();
      }
    });
    dialog.addEventListener("close", () => {
      document.body.classList.remove("trying");
      remember(null);
      if (opener && opener.isConnected) opener.focus();
    });
    dialog.addEventListener("submit", send);
    document.body.append(dialog);
  }

  // The server escaped everything that was typed; this is the same markup its own page is made of.
  function show(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    place.replaceChildren(...page.body.childNodes);
    const answer = place.querySelector("[data-try-answer], [role=alert]");
    told.textContent = answer ? answer.textContent.trim() : "";
    const field = place.querySelector("#thu-cau");
    const last = [...place.querySelectorAll(".try-me")].pop();
    place.scrollTop = last ? last.offsetTop - place.offsetTop - 12 : 0;
    return field;
  }

  async function fetched(data, address) {
    const body = data && new URLSearchParams(data);
    const answer = await fetch(address || "/staff/hoi-thu?manh=1", { method: body ? "POST" : "GET", body, redirect: "manual" });
    const isOurs = (answer.headers.get("Content-Type") || "").startsWith("text/html");
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403 || !isOurs) {
      location.assign("/staff/hoi-thu");
      return "";
    }
    return answer.text();
  }

  async function send(event) {
    const form = event.target;
    event.preventDefault();
    const data = new FormData(form);
    if (event.submitter && event.submitter.name) data.set(event.submitter.name, event.submitter.value);
    place.setAttribute("aria-busy", "true");
    try {
      const html = await fetched(data);
      if (!html) return;
      const field = show(html);
      if (field) field.focus({ preventScroll: true });
      remember(place.querySelector("form"));
    } catch {
      told.textContent = "Mạng đang chập chờn. Bạn bấm Hỏi lần nữa nhé.";
    } finally {
      place.removeAttribute("aria-busy");
    }
  }

  function open() {
    if (dialog.open) return;
    if (NARROW.matches) dialog.showModal();
    else dialog.show();
    document.body.classList.add("trying");
  }

  async function begin(link) {
    if (!dialog) make();
    opener = link;
    const asked = new URL(link.href).searchParams.get("thu") || "";
    const html = await fetched(null, `/staff/hoi-thu?manh=1${asked ? `&thu=${encodeURIComponent(asked)}` : ""}`);
    if (!html) return;
    const field = show(html);
    open();
    field.focus();
    if (asked) place.querySelector("form").requestSubmit();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-try]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    begin(link).catch(() => location.assign(link.href));
  });

  const kept = NARROW.matches ? null : remembered();
  if (kept) {
    make();
    const data = { csrf: token.value, "noi-chuyen": kept.talk, kenh: kept.channel, viec: "xem" };
    fetched(data).then((html) => {
      if (!html) return;
      show(html);
      open();
    }).catch(() => {});
  }
})();
