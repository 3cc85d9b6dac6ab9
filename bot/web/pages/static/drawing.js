/**
 * Lines to DOM. Whatever comes from outside is put in as text, never as markup.
 */

import { appendText, linkTo } from "./links.js";

const GONE = "Chưa tải được ảnh. Nếu tải lại trang vẫn không thấy, bạn nhắn “kết quả của tôi” để nhận lại nhé.";
const AUTHORS = { citizen: "Bạn", bot: "Trợ lý", officer: "Cán bộ Hội" };

const clock = new Intl.DateTimeFormat("vi-VN", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("vi-VN", { day: "numeric", month: "numeric", year: "numeric" });

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** "Hôm nay", "Hôm qua" or the date. */
export function dayName(date) {
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  const days = Math.ceil((midnight - date) / 86_400_000);
  if (days <= 0) return "Hôm nay";
  return days === 1 ? "Hôm qua" : day.format(date);
}

export function drawDay(name) {
  return element("p", "day", name);
}

/** One line. `press(option, row)` is called when an option is pressed. */
export function drawLine(line, press) {
  const row = element("div", "line");
  const choose = (option) => press(option, row);
  const told = (line.blocks ?? []).flatMap((block) => toldBy(block, line.options) ?? []);
  const untold = (line.options ?? []).filter((option) => !told.includes(option));
  row.dataset.author = line.author;
  row.append(element("p", "author", AUTHORS[line.author] ?? AUTHORS.bot));
  const bubble = element("div", "bubble");
  bubble.dir = "auto";
  if (line.author === "citizen") bubble.append(drawParagraph(line.text ?? ""));
  else drawPart(bubble, line, choose);
  row.append(bubble);
  if (untold.length) row.append(drawOptions(untold, choose));
  const foot = element("p", "foot-line");
  if (line.at) foot.append(drawTime(line.at));
  foot.append(element("span", "state"));
  row.append(foot);
  return row;
}

export function drawTime(at) {
  const moment = new Date(at);
  const time = element("time", "", clock.format(moment));
  time.dateTime = moment.toISOString();
  return time;
}

function drawPart(bubble, line, choose) {
  if (line.card) drawCard(bubble, line.card);
  if (line.file?.picture) bubble.append(drawPicture(line.file, line.blocks?.length));
  for (const block of line.blocks ?? []) {
    const told = toldBy(block, line.options);
    if (told) {
      bubble.append(drawTold(block.items, told, choose));
    } else if (block.type === "list") {
      const list = element("ul");
      for (const item of block.items) appendText(list.appendChild(element("li")), item);
      bubble.append(list);
    } else {
      bubble.append(drawParagraph(block.text));
    }
  }
  if (line.file) bubble.append(drawFile(line.file));
  for (const link of line.links ?? []) {
    const anchor = linkTo(link.url, link.label || link.url);
    if (!anchor) continue;
    anchor.classList.add("open-link");
    bubble.append(anchor);
  }
  if (line.sources?.length) bubble.append(drawSources(line.sources));
}

function drawParagraph(text) {
  const paragraph = element("p");
  appendText(paragraph, text);
  return paragraph;
}

function drawCard(bubble, card) {
  if (card.image) {
    const image = element("img", "card-image");
    image.src = card.image;
    image.alt = "";
    image.loading = "lazy";
    image.referrerPolicy = "no-referrer";
    image.addEventListener("error", () => image.remove());
    bubble.append(image);
  }
  bubble.append(element("p", "card-title", card.title));
  if (card.subtitle) bubble.append(drawParagraph(card.subtitle));
}

/** A picture of ours; what it says is written below it, so its own name only points there. */
function drawPicture(file, isDescribed) {
  const link = element("a", "picture");
  link.href = file.url;
  link.target = "_blank";
  link.rel = "noopener";
  const image = link.appendChild(element("img"));
  image.src = file.url;
  image.alt = isDescribed ? "Xem ảnh lớn; nội dung có ghi bằng chữ bên dưới" : `Xem ảnh lớn: ${file.name}`;
  image.addEventListener("error", () => link.replaceWith(element("p", "gone", GONE)));
  return link;
}

function drawFile(file) {
  const link = element("a", "file");
  link.href = file.url;
  link.download = file.name;
  link.append(element("span", "file-do", file.picture ? "Lưu ảnh" : "Tải về"));
  if (!file.picture) link.append(element("span", "file-name", file.name));
  return link;
}

function drawSources(sources) {
  const fold = element("details", "sources");
  fold.append(element("summary", "", sources.length > 1 ? `Nguồn (${sources.length})` : "Nguồn"));
  const list = element("ul");
  for (const source of sources) {
    const item = element("li");
    item.append(linkTo(source.url, source.title) ?? element("span", "", source.title));
    if (source.locator) item.append(element("span", "locator", source.locator));
    list.append(item);
  }
  fold.append(list);
  return fold;
}

function drawOptions(options, choose) {
  const group = drawGroup("options");
  for (const option of options) group.append(drawOption(option, choose, option.label));
  return group;
}

/** The options a list tells of, one by one in its order; null when it tells of something else. */
function toldBy(block, options) {
  if (block.type !== "list" || block.items.length < 2 || !options) return null;
  const told = block.items.map((item) =>
    options.find(({ label }) => item.startsWith(`${label}:`) || item.startsWith(`${label} (`)),
  );
  return told.every(Boolean) && new Set(told).size === told.length ? told : null;
}

/** A list that tells of options is pressed itself: nobody has to find the button that goes with what they read. */
function drawTold(items, told, choose) {
  const group = drawGroup("options told");
  for (const [index, item] of items.entries()) {
    const { label } = told[index];
    const button = drawOption(told[index], choose);
    button.append(element("strong", "", label), item.slice(label.length));
    group.append(button);
  }
  return group;
}

function drawGroup(className) {
  const group = element("div", className);
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Lựa chọn");
  return group;
}

function drawOption(option, choose, text) {
  const button = element("button", "option", text);
  button.type = "button";
  button.dataset.label = option.label;
  button.addEventListener("click", () => choose(option));
  return button;
}

/** Mark the pressed option and close the line's options. @returns {boolean} false when it holds no such label */
export function markChosen(row, label) {
  const buttons = [...row.querySelectorAll("button.option")];
  const chosen = buttons.find((button) => button.dataset.label === label);
  if (!chosen || row.dataset.chosen) return false;
  row.dataset.chosen = "yes";
  for (const button of buttons) button.disabled = true;
  chosen.classList.add("chosen");
  chosen.append(element("span", "sr-only", " (đã chọn)"));
  return true;
}
