// Whether what has the focus can be told by looking: a line round it, on the screen, not behind something else.
() => {
  const element = document.activeElement;
  if (!element || element === document.body || element === document.documentElement) return null;
  const called = `${element.tagName.toLowerCase()} ${(element.textContent || element.name || element.id).trim().slice(0, 40)}`;
  let marked = false;
  for (let one = element, up = 0; one && up < 4; one = one.parentElement, up++) {
    const style = getComputedStyle(one);
    if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) marked = true;
  }
  const box = element.getBoundingClientRect();
  const places = [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.15], [0.5, 0.85]];
  const free = places.some(([x, y]) => {
    const top = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
    return top && (element.contains(top) || top.contains(element) || (element.labels && [...element.labels].some((label) => label.contains(top))));
  });
  return { called, marked, free };
}
