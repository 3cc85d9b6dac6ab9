/**
 * Messages on their way: kept until the server has stored them, sent one after another, each with an id
 * of its own that makes a second sending harmless. They live in this tab only and go when they are taken.
 */

const STORE = "kh-chat-unsent";
const FIRST_WAIT_SECONDS = 2;
const LONGEST_WAIT_SECONDS = 30;

export class Outbox {
  #queue;
  #post;
  #tell;
  #busy = false;
  #timer = 0;
  #failures = 0;

  /**
   * @param post (message) => Promise<{taken: true} | {refused: string} | {later: true, why?, seconds?}>
   * @param tell (message, "sending" | "unsent" | "taken" | "refused", why) => void
   */
  constructor(post, tell) {
    this.#post = post;
    this.#tell = tell;
    this.#queue = this.#restore();
  }

  /** Messages that were not sent when the page was last closed, oldest first. */
  get waiting() {
    return [...this.#queue];
  }

  add(message) {
    this.#queue.push(message);
    this.#save();
    this.flush();
  }

  /** Try now, whatever the timer says. */
  async flush() {
    if (this.#busy) return;
    clearTimeout(this.#timer);
    this.#busy = true;
    try {
      while (this.#queue.length && (await this.#sendFirst())) {
        // one at a time: the order in which they were written is the order in which they arrive
      }
    } finally {
      this.#busy = false;
    }
  }

  async #sendFirst() {
    const message = this.#queue[0];
    if (navigator.onLine === false) {
      // The "online" event flushes; no timer needed.
      for (const kept of this.#queue) this.#tell(kept, "unsent");
      return false;
    }
    this.#tell(message, "sending");
    const result = await this.#post(message);
    if (result.later) {
      this.#waitAndTryAgain(result);
      return false;
    }
    this.#failures = 0;
    this.#queue.shift();
    this.#save();
    this.#tell(message, result.taken ? "taken" : "refused", result.refused);
    return true;
  }

  #waitAndTryAgain({ seconds, why }) {
    for (const message of this.#queue) this.#tell(message, "unsent", why);
    const wait = Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.flush(), (seconds ?? wait) * 1000);
  }

  #restore() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(STORE) ?? "[]");
      return Array.isArray(kept) ? kept.filter((message) => typeof message?.client_id === "string") : [];
    } catch {
      return []; // storage is off in this browser or frame: the page then remembers only while it is open
    }
  }

  #save() {
    try {
      if (this.#queue.length) sessionStorage.setItem(STORE, JSON.stringify(this.#queue));
      else sessionStorage.removeItem(STORE);
    } catch {
      // see #restore
    }
  }
}
