/**
 * For other sites: <script src="https://…/widget.js" defer></script>
 *
 * Adds one round button and, once it is pressed, a frame with the chat. Lives in a shadow root, stores
 * nothing and reads nothing on the host page. Optional attributes on the script tag: data-label (what the
 * button is called), data-side="left".
 */
(() => {
  const script = document.currentScript;
  const home = new URL(script.src).origin;
  const label = script.dataset.label || "Hỏi Trợ lý khuyến học";
  const side = script.dataset.side === "left" ? "left" : "right";

  const CSS = `
    :host { all: initial; position: fixed; bottom: 18px; ${side}: 18px; z-index: 2147483000; }
    button { font: 600 16px/1.3 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; cursor: pointer; }
    button:focus-visible { outline: 3px solid #b8660a; outline-offset: 3px; }
    .open { position: relative; display: grid; place-items: center; width: 60px; height: 60px; padding: 0;
      border: 2px solid #fff; border-radius: 50%; background: #12616b; color: #fff;
      box-shadow: 0 6px 22px rgb(0 0 0 / 28%); }
    .open:hover { background: #0c4850; }
    .news::after { content: ""; position: absolute; top: 0; right: 0; width: 15px; height: 15px;
      border: 2px solid #fff; border-radius: 50%; background: #d9822b; }
    .panel { position: absolute; bottom: 74px; ${side}: 0; width: min(400px, calc(100vw - 36px));
      height: min(640px, calc(100vh - 110px)); height: min(640px, calc(100dvh - 110px));
      border-radius: 18px; overflow: hidden; background: #f5f3ec; box-shadow: 0 14px 48px rgb(0 0 0 / 32%); }
    .panel[hidden] { display: none; }
    iframe { display: block; width: 100%; height: 100%; border: 0; }
    .close { position: absolute; top: 9px; right: 8px; width: 44px; height: 44px; padding: 0; border: 0;
      border-radius: 12px; background: transparent; color: #566770; }
    .close:hover { background: rgb(120 130 135 / 18%); }
    @media (prefers-color-scheme: dark) { .panel { background: #11181b; } .close { color: #9db0b8; } }
    @media (max-width: 480px), (max-height: 480px) {
      .panel { position: fixed; inset: 0; width: 100%; height: 100%; border-radius: 0; }
    }`;

  function make(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function picture(path, size) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const stroke = document.createElementNS(space, "path");
    for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true" }))
      svg.setAttribute(key, value);
    const pen = { d: path, fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round" };
    for (const [key, value] of Object.entries(pen)) stroke.setAttribute(key, value);
    svg.append(stroke);
    return svg;
  }

  function start() {
    const host = make("div", { "data-khuyenhoc-chat": "" });
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet(); // unlike a <style> element, allowed under any policy of the host page
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];

    const bubble = picture("M12 4c-5 0-9 3.1-9 7.2 0 2.4 1.4 4.4 3.5 5.8L6 21l4.1-2.8c.6.1 1.2.1 1.9.1 5 0 9-3 9-7.1S17 4 12 4zM8.5 11.3h.01M12 11.3h.01M15.5 11.3h.01", 30);
    const opener = make("button", { type: "button", class: "open", "aria-label": label, "aria-expanded": "false", "aria-controls": "panel", title: label }, bubble);
    const closer = make("button", { type: "button", class: "close", "aria-label": "Đóng khung trò chuyện" }, picture("M6 6l12 12M18 6L6 18", 22));
    const panel = make("div", { id: "panel", class: "panel", role: "dialog", "aria-label": label, hidden: "" });
    root.append(opener, panel);
    document.body.append(host);
    let frame = null;

    function open() {
      panel.hidden = false;
      opener.setAttribute("aria-expanded", "true");
      opener.classList.remove("news");
      if (!frame) {
        // Only now does the visitor's browser talk to the chat at all.
        frame = make("iframe", { src: `${home}/chat/frame`, title: label });
        frame.addEventListener("load", focusInside);
        panel.append(frame, closer);
      } else focusInside();
    }

    function focusInside() {
      if (panel.hidden) return;
      frame.focus();
      frame.contentWindow.postMessage({ type: "kh-chat:open" }, home);
    }

    function close() {
      panel.hidden = true;
      opener.setAttribute("aria-expanded", "false");
      opener.focus();
    }

    opener.addEventListener("click", () => (panel.hidden ? open() : close()));
    closer.addEventListener("click", close);
    host.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !panel.hidden) close();
    });
    window.addEventListener("message", (event) => {
      if (!frame || event.origin !== home || event.source !== frame.contentWindow) return;
      if (event.data?.type === "kh-chat:close" && !panel.hidden) close();
      if (event.data?.type === "kh-chat:news" && panel.hidden) opener.classList.add("news");
    });
  }

  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
