/**
 * The list of lines on the page: each once, in order, own messages shown before the server has them.
 */

import { dayName, drawDay, drawLine, drawTime, markChosen } from "./drawing.js";

const NEAR_END_PX = 80;
const SECOND_TAP_MS = 450; // nobody reads a question faster
const STATES = { sending: "Đang gửi…", unsent: "Chưa gửi", taken: "", refused: "Không gửi được" };

export class Log {
  #list;
  #scroll;
  #toEnd;
  #press;
  #seen = new Set();
  #pending = new Map();
  #lastDay = "";

  /** @param press (option) => void: the visitor pressed something */
  constructor({ list, scroll, toEnd }, press) {
    this.#list = list;
    this.#scroll = scroll;
    this.#toEnd = toEnd;
    let pressedAt = -Infinity;
    this.#press = (option, row) => {
      // The second of two quick taps would land on what has just come up in the same place.
      const now = performance.now();
      if (now - pressedAt < SECOND_TAP_MS || !markChosen(row, option.label)) return;
      pressedAt = now;
      press(option);
    };
    toEnd.addEventListener("click", () => this.#goToEnd());
    scroll.addEventListener("scroll", () => this.#isAtEnd() && this.#showToEnd(false), { passive: true });
    // A keyboard that slides in, or a composer that grows, must not hide what was just read.
    let wasAtEnd = true;
    scroll.addEventListener("scroll", () => (wasAtEnd = this.#isAtEnd()), { passive: true });
    const keepPlace = () => wasAtEnd && list.childElementCount && this.#jumpToEnd();
    new ResizeObserver(keepPlace).observe(scroll);
  }

  /** Make a change at the end; whoever was reading there still is. */
  stayAtEnd(change) {
    const follow = this.#isAtEnd();
    change();
    if (follow) this.#jumpToEnd();
  }

  /** Draw what the server keeps; silent for screen readers, as it was read out when it was new. */
  restore(lines) {
    this.#list.setAttribute("aria-live", "off");
    let last = null;
    for (const line of lines) last = this.#place(line) ?? last;
    if (last) this.#show(last, last);
    setTimeout(() => this.#list.setAttribute("aria-live", "polite"), 500);
  }

  /** Draw a new line. @returns {boolean} false when it was there already */
  add(line) {
    const follow = this.#isAtEnd();
    const row = this.#place(line);
    if (!row) return false;
    if (follow || line.author === "citizen") this.#show(row, this.#beginningOfReply(row));
    else this.#showToEnd(true);
    return true;
  }

  /** Draw an own message that the server does not have yet. */
  addPending(message) {
    const row = drawLine({ author: "citizen", text: message.text ?? message.label }, this.#press);
    this.#pending.set(message.client_id, row);
    this.#list.append(row);
    this.#show(row);
  }

  setState(clientId, state, why) {
    const row = this.#pending.get(clientId);
    if (!row) return;
    row.dataset.state = state;
    const shown = row.querySelector(".state");
    const text = why ? `${STATES[state]}. ${why}` : STATES[state];
    if (shown.textContent !== text) shown.textContent = text;
    if (state === "refused") this.#pending.delete(clientId);
  }

  clear() {
    this.#list.replaceChildren();
    this.#seen.clear();
    this.#pending.clear();
    this.#lastDay = "";
    this.#showToEnd(false);
  }

  #place(line) {
    if (this.#seen.has(line.name)) return null;
    this.#seen.add(line.name);
    const row = this.#settled(line) ?? drawLine(line, this.#press);
    if (line.author === "citizen") this.#markChoice(line.text);
    const firstPending = this.#pending.values().next().value ?? null;
    const name = dayName(new Date(line.at));
    if (name !== this.#lastDay) {
      this.#lastDay = name;
      this.#list.insertBefore(drawDay(name), firstPending);
    }
    // Moving a row that is already in its place would make screen readers say it again.
    if (!row.isConnected || row.nextElementSibling !== firstPending) this.#list.insertBefore(row, firstPending);
    return row;
  }

  /** The row of an own message that has now come back from the server. */
  #settled(line) {
    const row = line.author === "citizen" ? this.#pending.get(line.client_id) : undefined;
    if (!row) return null;
    this.#pending.delete(line.client_id);
    delete row.dataset.state;
    row.querySelector(".state").textContent = "";
    row.querySelector(".foot-line").prepend(drawTime(line.at));
    return row;
  }

  #markChoice(label) {
    const open = [...this.#list.querySelectorAll(".line:has(.option):not([data-chosen])")].reverse();
    open.find((row) => markChosen(row, label));
  }

  #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  /** The end, except that what is taller than the view is shown from where it begins. */
  #show(row, beginning = row) {
    const { scrollHeight, clientHeight } = this.#scroll;
    const above = beginning.offsetTop - 12;
    if (scrollHeight - above <= clientHeight || row.dataset.author === "citizen") {
      this.#jumpToEnd();
      return;
    }
    this.#scroll.scrollTop = above;
    if (row.offsetTop > above + clientHeight - NEAR_END_PX) this.#showToEnd(true);
  }

  /** The first of the lines that answer together with this one, unless it has been scrolled past already. */
  #beginningOfReply(row) {
    let first = row;
    while (first.previousElementSibling?.dataset.author === row.dataset.author) first = first.previousElementSibling;
    return first.offsetTop >= this.#scroll.scrollTop ? first : row;
  }

  #goToEnd() {
    this.#jumpToEnd();
    this.#showToEnd(false);
  }

  #jumpToEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  #showToEnd(shown) {
    this.#toEnd.hidden = !shown;
  }
}
