/**
 * The chat page: puts composer, outbox, log and server together.
 */

import { Composer } from "./composer.js";
import { Log } from "./log.js";
import { Outbox } from "./outbox.js";
import { Events, leave, postMessage, readHistory } from "./wire.js";

const TYPING_SECONDS = 10;
const OFFLINE = "Bạn đang ngoại tuyến. Tin nhắn được giữ lại và gửi khi có mạng.";
const RECONNECTING = "Đang kết nối lại…";

const byId = (id) => document.getElementById(id);
const page = byId("chat");
const isFramed = window.parent !== window;

let hasSession = false;
let somethingTaken = false;
let isBeginning = false;
let lookAgain = false;
let typingTimer = 0;
let brokenTimer = 0;

const log = new Log({ list: byId("chat-log"), scroll: byId("chat-scroll"), toEnd: byId("chat-to-end") }, press);
const outbox = new Outbox(postMessage, (message, state, why) => {
  log.setState(message.client_id, state, why);
  if (state !== "taken" || hasSession) return;
  somethingTaken = true;
  begin();
});
const composer = new Composer(
  { form: byId("chat-form"), input: byId("chat-input"), note: byId("chat-note") },
  Number(page.dataset.textLimit),
  say,
);
const events = new Events({
  line(line) {
    if (line.author !== "citizen") showTyping(false);
    if (log.add(line) && line.author !== "citizen") tellFrame("kh-chat:news");
  },
  typing: () => showTyping(true),
  connected() {
    clearTimeout(brokenTimer);
    brokenTimer = 0;
    showState("");
    outbox.flush();
  },
  broken() {
    // Short breaks mend themselves before anybody notices; only lasting ones are worth a word.
    if (!brokenTimer) brokenTimer = setTimeout(() => showState(navigator.onLine ? RECONNECTING : OFFLINE), 3000);
  },
});

/** A random UUID; crypto.randomUUID is missing where the page is served without https. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function say(text) {
  send({ client_id: newId(), text });
}

function press(option) {
  send({ client_id: newId(), payload: option.payload, label: option.label });
  // The pressed button is disabled now and would lose the keyboard's place.
  if (document.activeElement === document.body || document.activeElement?.disabled) {
    composer.focusQuietly();
  }
}

function send(message) {
  page.classList.add("begun");
  page.scrollIntoView({ block: "nearest" }); // it has just grown on a small screen
  log.addPending(message);
  outbox.add(message);
}

function showTyping(shown) {
  clearTimeout(typingTimer);
  const line = byId("chat-typing");
  if (shown !== line.classList.contains("on")) {
    log.stayAtEnd(() => {
      line.classList.toggle("on", shown);
      line.textContent = shown ? "Trợ lý đang soạn câu trả lời" : "";
    });
  }
  if (shown) typingTimer = setTimeout(() => showTyping(false), TYPING_SECONDS * 1000);
}

function showState(text, link) {
  const state = byId("chat-state");
  if (state.textContent === text) return;
  state.textContent = text;
  if (link) state.append(" ", link);
}

/** Read what was said before and listen from there on. Asked again while busy, it looks once more. */
async function begin() {
  lookAgain = true;
  if (isBeginning) return;
  isBeginning = true;
  byId("chat-log").setAttribute("aria-busy", "true");
  while (lookAgain && !hasSession) {
    lookAgain = false;
    const wasTaken = somethingTaken;
    const history = await readHistoryAtLast();
    if (history.session) listen(history);
    else if (wasTaken) showCookiesBlocked();
  }
  byId("chat-log").removeAttribute("aria-busy");
  isBeginning = false;
}

async function readHistoryAtLast() {
  for (let wait = 2; ; wait = Math.min(30, wait * 2)) {
    const history = await readHistory();
    if (history) {
      showState("");
      return history;
    }
    showState(navigator.onLine ? RECONNECTING : OFFLINE);
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
  }
}

function listen({ lines, cursor }) {
  hasSession = true;
  byId("chat-leave").hidden = false;
  if (lines.length) page.classList.add("begun");
  // It has just grown; whoever has scrolled on to what is written below it is left there.
  if (page.getBoundingClientRect().bottom > window.innerHeight / 2) page.scrollIntoView({ block: "nearest" });
  if (somethingTaken) for (const line of lines) log.add(line);
  else log.restore(lines);
  events.open(cursor);
}

/** The message was taken, but the browser keeps no cookie for us, so the answer cannot be shown here. */
function showCookiesBlocked() {
  const link = document.createElement("a");
  link.href = "/";
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = "Mở trang trò chuyện riêng";
  showState("Trình duyệt không cho giữ cuộc trò chuyện ở đây.", link);
}

async function leaveConversation() {
  if (!(await leave())) {
    showState("Chưa kết thúc được cuộc trò chuyện. Bạn thử lại nhé.");
    return;
  }
  events.close();
  log.clear();
  hasSession = somethingTaken = false;
  page.classList.remove("begun");
  byId("chat-leave").hidden = true;
  composer.focusQuietly();
}

function tellFrame(type) {
  if (isFramed) window.parent.postMessage({ type }, "*"); // carries nothing but its name
}

byId("chat-leave").addEventListener("click", () => byId("leave-dialog").showModal());
byId("leave-dialog").addEventListener("close", (event) => {
  if (event.target.returnValue === "leave") leaveConversation();
  event.target.returnValue = "";
});
window.addEventListener("online", () => {
  showState(hasSession ? RECONNECTING : "");
  outbox.flush();
});
window.addEventListener("offline", () => showState(OFFLINE));
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-ask], [data-press]");
  if (!button) return;
  if (button.dataset.press) send({ client_id: newId(), payload: button.dataset.press, label: button.textContent });
  else say(button.dataset.ask);
  composer.focusQuietly();
});
if (isFramed) {
  document.documentElement.classList.add("in-frame");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !byId("leave-dialog").open) tellFrame("kh-chat:close");
  });
  window.addEventListener("message", (event) => {
    if (event.source === window.parent && event.data?.type === "kh-chat:open") composer.focusQuietly();
  });
}

const unsent = outbox.waiting;
if (unsent.length) page.classList.add("begun");
begin().then(() => outbox.flush());
for (const message of unsent) {
  log.addPending(message);
  log.setState(message.client_id, "unsent");
}
if (!navigator.onLine) showState(OFFLINE);
