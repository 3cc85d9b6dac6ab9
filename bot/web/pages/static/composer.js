/**
 * Where the visitor writes. Enter sends, Shift+Enter begins a new line.
 */

const WARN_BEFORE_LIMIT = 200;

export class Composer {
  #input;
  #note;
  #limit;
  #send;

  /** @param send (text) => void */
  constructor({ form, input, note }, limit, send) {
    this.#input = input;
    this.#note = note;
    this.#limit = limit;
    this.#send = send;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    input.addEventListener("input", () => this.#refresh());
    input.addEventListener("keydown", (event) => {
      // While a Vietnamese input method is composing, Enter belongs to it; 229 is how Safari says so.
      const composing = event.isComposing || event.keyCode === 229;
      if (event.key !== "Enter" || event.shiftKey || composing) return;
      event.preventDefault();
      this.#submit();
    });
    this.#refresh();
  }

  focus() {
    this.#input.focus({ preventScroll: true });
  }

  /** Focus only where that does not make an on-screen keyboard jump up. */
  focusQuietly() {
    if (matchMedia("(hover: hover) and (pointer: fine)").matches) this.focus();
  }

  #submit() {
    const text = this.#input.value.trim();
    if (!text || this.#length(text) > this.#limit) {
      this.focus();
      return;
    }
    this.#input.value = "";
    this.#refresh();
    this.#send(text);
  }

  #length(text) {
    return [...text.normalize("NFC")].length; // characters, as the server counts them
  }

  #refresh() {
    this.#input.style.height = "auto";
    this.#input.style.height = `${this.#input.scrollHeight}px`;
    const left = this.#limit - this.#length(this.#input.value.trim());
    this.#input.setAttribute("aria-invalid", String(left < 0));
    if (left < 0) this.#note.textContent = `Dài quá ${-left} ký tự. Bạn rút gọn hoặc chia thành vài tin nhé.`;
    else this.#note.textContent = left <= WARN_BEFORE_LIMIT ? `Còn ${left} ký tự` : "";
  }
}
