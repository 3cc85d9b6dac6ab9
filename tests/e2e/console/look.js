// What can be seen on a page that is too small, too wide, missing or broken. Gives words, never elements.
() => {
  const MAIN = 44, LEAST = 24, NEARLY = 0.6;
  const MENU = matchMedia("(min-width: 52rem) and (pointer: fine)").matches ? 36 : MAIN;  // long, and for a mouse
  const seen = (element) => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
      && box.width > 1 && box.height > 1 && box.bottom > 0 && box.right > 0;
  };
  const called = (element) => {
    const words = (element.getAttribute("aria-label") || element.textContent || element.name || "").trim();
    return `${element.tagName.toLowerCase()} ${words.slice(0, 40)}`;
  };
  // Where a press counts: the label of a box to tick, the whole line where a link is spread over it.
  const area = (element) => {
    const own = element.getBoundingClientRect();
    if (element.matches("[type=checkbox], [type=radio], [type=file]")) {
      const boxes = [own, ...[...element.labels].map((label) => label.getBoundingClientRect())];
      return boxes.reduce((most, one) => (one.height > most.height ? one : most));
    }
    if (getComputedStyle(element, "::after").position === "absolute" && element.offsetParent) {
      return element.offsetParent.getBoundingClientRect();
    }
    return own;
  };
  const inText = (element) => {
    const around = element.parentElement;
    return getComputedStyle(element).display === "inline"
      && around.textContent.trim().length > element.textContent.trim().length;
  };
  const small = [];
  const control = "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button]";
  for (const element of document.querySelectorAll(control)) {
    if (!seen(element) || (element.matches("a") && inText(element))) continue;
    const box = area(element);
    const main = element.matches("button, .button, input, select, textarea, summary, nav:not(.wide) a");
    const least = element.closest(".side") ? MENU : main ? MAIN : LEAST;
    if (box.height + NEARLY < least || box.width + NEARLY < LEAST) {
      small.push(`${called(element)}: ${Math.round(box.width)} x ${Math.round(box.height)}`);
    }
  }
  const broken = [...document.images].filter((image) => image.complete && !image.naturalWidth && image.loading !== "lazy");
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const widest = wide > 0
    ? [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1).slice(0, 4).map(called)
    : [];
  return {
    wide,
    widest,
    small,
    broken: broken.map((image) => image.getAttribute("src")),
    headings: [...document.querySelectorAll("h1")].filter(seen).map((one) => one.textContent.trim()),
    title: document.title.split("·")[0].trim(),
  };
}
