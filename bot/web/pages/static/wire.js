/**
 * The line to the server: posting, reading the history, hearing of new lines. Knows nothing of the page.
 */

const POST_SECONDS = 15;
const SILENCE_SECONDS = 40; // the server gives a sign of life every 15
const HIDDEN_SECONDS = 60;
const LONGEST_WAIT_SECONDS = 30;

const framed = window.parent !== window ? "?frame=1" : "";

async function request(path, options = {}) {
  return fetch(path, { credentials: "same-origin", signal: AbortSignal.timeout(POST_SECONDS * 1000), ...options });
}

async function reason(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return undefined;
  }
}

/** Hand one message in; see Outbox for the result. */
export async function postMessage(message) {
  let response;
  try {
    response = await request(`/chat/messages${framed}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(message),
    });
  } catch {
    return { later: true };
  }
  if (response.status === 202) return { taken: true };
  const why = await reason(response);
  if (response.status === 429) {
    return { later: true, why, seconds: Number(response.headers.get("Retry-After")) || 5 };
  }
  if (response.status >= 500 || response.status === 408) return { later: true };
  return { refused: why ?? "Tin này không gửi được." };
}

/** @returns {Promise<{session: boolean, cursor: string, lines: object[]} | null>} null when out of reach */
export async function readHistory() {
  try {
    const response = await request("/chat/history");
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** Make this browser forget the conversation. @returns {Promise<boolean>} */
export async function leave() {
  try {
    return (await request(`/chat/leave${framed}`, { method: "POST" })).ok;
  } catch {
    return false;
  }
}

/** New lines as they come, over a connection that is renewed whenever it breaks or falls silent. */
export class Events {
  #source = null;
  #after = null;
  #heardAt = 0;
  #failures = 0;
  #timer = 0;
  #hiddenTimer = 0;
  #on;

  /** @param on {line(line), typing(), connected(), broken()} */
  constructor(on) {
    this.#on = on;
    setInterval(() => this.#checkAlive(), 5000);
    window.addEventListener("online", () => this.#reopen());
    window.addEventListener("pagehide", () => this.#shut());
    window.addEventListener("pageshow", (event) => event.persisted && this.#reopen());
    // A browser allows few connections per site; tabs nobody looks at give theirs up for a while.
    document.addEventListener("visibilitychange", () => {
      clearTimeout(this.#hiddenTimer);
      if (document.hidden) this.#hiddenTimer = setTimeout(() => this.#shut(), HIDDEN_SECONDS * 1000);
      else if (!this.#source) this.#reopen();
    });
  }

  /** Begin after this cursor; later ones are remembered here. */
  open(after) {
    this.#after = after;
    this.#reopen();
  }

  close() {
    this.#after = null;
    this.#shut();
  }

  #shut() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #reopen() {
    if (this.#after === null) return;
    this.#shut();
    this.#heardAt = Date.now();
    const source = new EventSource(`/chat/events?after=${encodeURIComponent(this.#after)}`);
    this.#source = source;
    source.addEventListener("open", () => {
      this.#failures = 0;
      this.#heardAt = Date.now();
      this.#on.connected();
    });
    source.addEventListener("beat", () => {
      this.#heardAt = Date.now();
    });
    source.addEventListener("typing", () => {
      this.#heardAt = Date.now();
      this.#on.typing();
    });
    source.addEventListener("line", (event) => {
      this.#heardAt = Date.now();
      this.#after = event.lastEventId;
      this.#on.line(JSON.parse(event.data));
    });
    source.addEventListener("error", () => {
      this.#on.broken();
      // A dropped connection the browser mends by itself; after an error answer it gives up, so we do it.
      if (source.readyState === EventSource.CLOSED && source === this.#source) this.#reopenLater();
    });
  }

  #reopenLater() {
    const wait = Math.min(LONGEST_WAIT_SECONDS, 2 * 2 ** this.#failures);
    this.#failures += 1;
    this.#shut();
    this.#timer = setTimeout(() => this.#reopen(), wait * 1000);
  }

  #checkAlive() {
    if (this.#source && Date.now() - this.#heardAt > SILENCE_SECONDS * 1000) {
      this.#on.broken();
      this.#reopen();
    }
  }
}
