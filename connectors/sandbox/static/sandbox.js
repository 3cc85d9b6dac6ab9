// The sandbox page: draws what /api/state tells and sends what is pressed to /api/do.
// Everything that came from outside is set as text, never as HTML.
"use strict";

const $ = (id) => document.getElementById(id);
const view = { channel: "zalo", user: { zalo: null, messenger: null }, target: "", state: null, drawn: {} };

const EXTRAS = {
  zalo: [
    ["image", "Ảnh"], ["sticker", "Nhãn dán"], ["location", "Vị trí"], ["file", "Tệp"], ["voice", "Ghi âm"],
    ["info", "Gửi thông tin liên hệ"], ["withdraws", "Yêu cầu xóa dữ liệu"], ["block", "Chặn / bỏ chặn OA"],
    ["quiet", "Im lặng thêm 8 ngày"],
  ],
  messenger: [
    ["starts", "Bấm Bắt đầu"], ["image", "Ảnh"], ["sticker", "Nhãn dán"], ["location", "Vị trí"], ["file", "Tệp"],
    ["voice", "Ghi âm"], ["take", "Cán bộ giành cuộc trò chuyện"], ["return", "Trả lại cho bot"],
    ["block", "Chặn / bỏ chặn trang"], ["quiet", "Im lặng thêm 25 giờ"],
  ],
};
const FAULTS = {
  both: [
    ["http_500", "Lỗi 500"], ["http_503", "Lỗi 503"], ["hang", "Nhận rồi im lặng"],
    ["reset_before", "Đứt nối trước khi nhận"], ["reset_after", "Đứt nối sau khi nhận"],
    ["truncated", "Trả lời cụt"], ["html", "Trang lỗi HTML"], ["delay", "Chậm 4 giây"],
    ["rate", "Gửi quá nhanh"], ["window", "Hết thời hạn trả lời"],
  ],
  zalo: [["quota", "Hết hạn mức (-211)"], ["failed", "Gửi hỏng (-200)"], ["package", "Cần gói cao hơn (-224)"]],
  messenger: [["person", "Người này chặn trang"], ["temporary", "Lỗi tạm thời (2)"]],
};
const ODDITIES = {
  both: [
    ["probe", "Kiểm tra kết nối"], ["repeat_last", "Gửi lặp tin cuối"], ["unknown_event", "Sự kiện lạ"],
    ["bad_signature", "Chữ ký sai"], ["no_signature", "Thiếu chữ ký"],
  ],
  zalo: [["expire_token", "Access token hết hạn"], ["revoke_token", "Thu hồi mọi token"]],
  messenger: [],
};
const SWITCHES = {
  zalo: {
    accepts_buttons: "Nhận mẫu tin có nút bấm",
    long_text_is_201: "Tin quá dài trả lỗi -201 (thay vì -210)",
    escapes_unicode: "Webhook viết tiếng Việt dạng \\u",
  },
  messenger: {
    echo_first: "Tiếng vọng tới trước câu trả lời của API",
    page_restricted: "Trang bị hạn chế",
    token_expired: "Token của trang hết hạn",
    human_agent_permitted: "Đã có quyền Human Agent",
  },
};
const SHAPES = {
  image: "[Ảnh]", sticker: "[Nhãn dán]", location: "[Vị trí]", file: "[Tệp]", audio: "[Ghi âm]",
};
const NOTES = { sent: "đã gửi", delivered: "đã nhận", seen: "đã xem" };

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function button(label, onPress, className) {
  const node = make("button", className, label);
  node.type = "button";
  node.addEventListener("click", onPress);
  return node;
}

function tell(text, isBad) {
  $("told").textContent = text;
  $("told").classList.toggle("bad", Boolean(isBad));
}

async function perform(action, extra) {
  const ask = { channel: view.channel, action, user: view.user[view.channel] || "", ...extra };
  try {
    const response = await fetch("/api/do", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(ask),
    });
    const answer = await response.json();
    tell(answer.told, !answer.ok);
    return answer.ok;
  } catch {
    tell("Không tới được máy mô phỏng.", true);
    return false;
  }
}

function changed(name, value) {
  const written = JSON.stringify(value);
  if (view.drawn[name] === written) return false;
  view.drawn[name] = written;
  return true;
}

const side = () => view.state[view.channel];
const person = () => side().people.find((one) => one.id === view.user[view.channel]) || side().people[0];

// Words with web addresses as links, the way both phones show them.
function writeWords(node, text) {
  for (const piece of text.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]])/)) {
    if (/^https?:\/\//.test(piece)) node.append(link(piece, piece));
    else if (piece) node.append(piece);
  }
}

function link(label, url) {
  const node = make("a", "", label);
  if (/^https?:\/\//.test(url)) node.href = url;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return node;
}

function picture(url) {
  const image = make("img");
  image.alt = "Ảnh bot gửi";
  image.addEventListener("error", () => image.replaceWith(make("span", "missing", "[Ảnh không tải được]")));
  image.src = url;
  return image;
}

function presses(buttons) {
  const row = make("div", "presses");
  for (const one of buttons) {
    if (one.press === undefined) row.append(link(one.title, one.url));
    else row.append(button(one.title, () => perform("presses", { payload: one.press, title: one.title })));
  }
  return row;
}

function drawLine(line) {
  const item = make("li", line.who);
  const bubble = make("div", "bubble");
  writeWords(bubble, line.text || SHAPES[line.shape] || "");
  if (line.text && SHAPES[line.shape]) bubble.prepend(make("span", "missing", `${SHAPES[line.shape]} `));
  line.pictures.forEach((url) => bubble.append(picture(url)));
  if (line.file) bubble.append(make("span", "missing", "[Tệp đính kèm]"));
  if (bubble.childNodes.length) item.append(bubble);
  for (const card of line.cards) {
    const box = make("div", "card");
    if (card.picture) box.append(picture(card.picture));
    box.append(make("strong", "", card.title), make("p", "", card.subtitle));
    item.append(box);
    if (card.buttons.length) item.append(presses(card.buttons));
  }
  if (line.buttons.length) item.append(presses(line.buttons));
  const who = line.who === "officer" ? "Cán bộ · " : "";
  const meta = make("div", "meta", `${who}${line.at}${line.note ? ` · ${NOTES[line.note] || line.note}` : ""}`);
  if (line.who === "bot") meta.append(button("♥", () => perform("reacts", { target: line.id })));
  item.append(meta);
  return item;
}

function drawChat() {
  const one = person();
  if (!one) return;
  view.user[view.channel] = one.id;
  if (changed("people", [view.channel, side().people.map((p) => [p.id, p.name]), one.id])) {
    const chips = side().people.map((p) => {
      const chip = button(p.name, () => { view.user[view.channel] = p.id; draw(); });
      chip.setAttribute("aria-pressed", String(p.id === one.id));
      return chip;
    });
    const add = button("+ Thêm người", () => { $("newcomer").classList.add("open"); $("newcomer-name").focus(); });
    $("people").replaceChildren(...chips, add);
    $("comment-as").textContent = one.name;
  }
  $("account").textContent = side().account;
  const badges = [one.window_open ? "Đang trong hạn trả lời" : "Ngoài hạn trả lời"];
  if (one.blocked) badges.push("đã chặn");
  if (one.owned_elsewhere) badges.push("cán bộ đang giữ");
  $("badges").textContent = badges.join(" · ");
  $("follow").hidden = view.channel !== "zalo";
  $("follow").textContent = one.follower ? "Bỏ quan tâm" : "Quan tâm";
  if (changed("lines", [view.channel, one.id, one.lines])) drawLines(one);
}

function drawLines(one) {
  const list = $("lines");
  const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const isOther = changed("whose", [view.channel, one.id]);
  if (one.lines.length) list.replaceChildren(...one.lines.map(drawLine));
  else list.replaceChildren(make("li", "empty", "Chưa có tin nhắn. Hãy gửi lời chào, hoặc bấm dấu + để thử việc khác."));
  if (isAtEnd || isOther) list.scrollTop = list.scrollHeight;
  const last = [...one.lines].reverse().find((line) => line.who === "bot");
  const isLatest = last && one.lines[one.lines.length - 1] === last;
  const menu = one.lines.length || view.channel === "zalo" ? [] : view.state.messenger.menu;
  const offers = (isLatest ? last.quick : []).map((q) =>
    button(q.title, () => perform("taps", { payload: q.press, title: q.title })));
  const items = menu.filter((m) => m.press !== undefined).map((m) =>
    button(m.title, () => perform("presses", { payload: m.press, title: m.title })));
  $("quick").replaceChildren(...offers, ...items);
}

function drawComments() {
  const { comments } = view.state.messenger;
  if (!changed("comments", comments)) return;
  const tops = comments.filter((c) => !c.parent);
  const ordered = tops.flatMap((top) => [top, ...comments.filter((c) => c.parent === top.id)]);
  $("comment-list").replaceChildren(...ordered.map((comment) => {
    const item = make("li", `${comment.parent ? "reply" : ""} ${comment.is_page ? "page" : ""}`);
    item.append(make("strong", "", comment.who), make("p", "", comment.text));
    const meta = make("div", "meta", comment.at + (comment.privately_answered ? " · đã được nhắn riêng" : ""));
    if (!comment.parent) meta.append(button("Trả lời", () => aimComment(comment)));
    item.append(meta);
    return item;
  }));
}

function aimComment(comment) {
  view.target = comment ? comment.id : "";
  $("comment-target").hidden = !comment;
  $("comment-top").hidden = !comment;
  if (comment) $("comment-target").textContent = `Đang trả lời ${comment.who}`;
}

function drawLog() {
  $("bot-url").textContent = view.state.bot_url;
  $("base-url").textContent = side().base_url;
  $("off").hidden = side().webhook_enabled;
  const { deliveries } = side();
  if (!changed("log", [view.channel, deliveries])) return;
  const open = new Set([...document.querySelectorAll("#deliveries details[open]")].map((d) => d.dataset.id));
  const states = { retrying: "sẽ gửi lại", given_up: "đã thôi gửi", not_sent: "không gửi", sending: "đang gửi" };
  $("deliveries").replaceChildren(...deliveries.map((one) => {
    const item = make("li", one.state);
    const details = make("details");
    details.dataset.id = String(one.id);
    details.open = open.has(String(one.id));
    const summary = make("summary");
    const again = one.attempts > 1 ? ` · ${one.attempts} lần` : "";
    summary.append(
      make("span", "status", String(one.status || one.error || "–")),
      make("span", "kind", one.kind),
      make("span", "ms", [one.ms === null ? "" : `${one.ms} ms`, states[one.state] || ""].filter(Boolean).join(" · ") + again),
    );
    details.append(summary, make("pre", "", one.body));
    item.append(details);
    return item;
  }));
}

function drawFaults() {
  const { faults, switches } = side();
  if (!changed("faults", [view.channel, faults, switches])) return;
  const named = (list, act) => list.map(([name, label]) => button(label, () => act(name)));
  $("fault-buttons").replaceChildren(...named([...FAULTS.both, ...FAULTS[view.channel]], addFault));
  $("oddities").replaceChildren(...named([...ODDITIES.both, ...ODDITIES[view.channel]], (name) => perform(name)));
  const waiting = faults.map((f) => make("li", "",
    `${f.kind}${f.code ? ` ${f.code}` : ""}: ${f.left === null ? "đến khi bỏ" : `còn ${f.left} lần`}${f.user ? " (một người)" : ""}`));
  $("waiting").replaceChildren(...(waiting.length ? waiting : [make("li", "", "không có")]));
  $("switches").replaceChildren(...Object.entries(SWITCHES[view.channel]).map(([name, label]) => {
    const row = make("label");
    const box = make("input");
    box.type = "checkbox";
    box.checked = switches[name];
    box.addEventListener("change", () => perform("switch", { name, value: String(box.checked) }));
    row.append(box, make("span", "", label));
    return row;
  }));
}

function addFault(name) {
  const extra = { times: $("times").value };
  // An empty user means everybody.
  extra.user = $("only-me").checked ? view.user[view.channel] : "";
  perform(`fault:${name}`, extra);
}

function drawExtras() {
  $("extras").replaceChildren(...EXTRAS[view.channel].map(([action, label]) => button(label, () => perform(action))));
}

function draw() {
  if (!view.state) return;
  drawChat();
  drawComments();
  drawLog();
  drawFaults();
}

function chooseChannel(channel) {
  view.channel = channel;
  document.body.dataset.channel = channel;
  for (const tab of document.querySelectorAll(".channels button")) {
    tab.setAttribute("aria-selected", String(tab.dataset.channel === channel));
  }
  $("chat").setAttribute("aria-labelledby", `tab-${channel}`);
  drawExtras();
  draw();
}

function chooseView(name) {
  document.body.dataset.view = name;
  for (const tab of document.querySelectorAll(".views button")) {
    tab.setAttribute("aria-pressed", String(tab.dataset.view === name));
  }
}

async function sendText(event) {
  event.preventDefault();
  const text = $("text").value;
  if (!text.trim()) return;
  const role = document.querySelector("input[name=role]:checked").value;
  $("text").value = "";
  if (!(await perform(role, { text }))) $("text").value = text;
  $("text").focus();
}

async function follow() {
  const one = person();
  if (one) await perform(one.follower ? "unfollows" : "follows");
}

async function addPerson(event) {
  event.preventDefault();
  if (!(await perform("add_person", { name: $("newcomer-name").value }))) return;
  event.target.reset();
  $("newcomer").classList.remove("open");
}

async function addComment(event) {
  event.preventDefault();
  if (!(await perform("comment", { text: $("comment-text").value, target: view.target }))) return;
  event.target.reset();
  aimComment(null);
}

async function watchState() {
  let since = "";
  for (;;) {
    try {
      const response = await fetch(`/api/state?since=${since}`);
      view.state = await response.json();
      since = view.state.revision;
      draw();
    } catch {
      tell("Mất liên lạc với máy mô phỏng, đang thử lại…", true);
      await new Promise((wake) => setTimeout(wake, 1500));
    }
  }
}

function start() {
  document.querySelectorAll(".channels button").forEach((tab) =>
    tab.addEventListener("click", () => chooseChannel(tab.dataset.channel)));
  document.querySelectorAll(".views button").forEach((tab) =>
    tab.addEventListener("click", () => chooseView(tab.dataset.view)));
  document.querySelectorAll("[data-do]").forEach((one) =>
    one.addEventListener("click", () => perform(one.dataset.do)));
  $("composer").addEventListener("submit", sendText);
  $("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) sendText(event);
  });
  $("more").addEventListener("click", () => {
    $("extras").hidden = !$("extras").hidden;
    $("more").setAttribute("aria-expanded", String(!$("extras").hidden));
  });
  $("follow").addEventListener("click", follow);
  $("newcomer").addEventListener("submit", addPerson);
  $("newcomer-cancel").addEventListener("click", () => $("newcomer").classList.remove("open"));
  $("comment-form").addEventListener("submit", addComment);
  $("comment-top").addEventListener("click", () => aimComment(null));
  drawExtras();
  watchState();
}

start();
