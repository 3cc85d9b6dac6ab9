/**
 * Text to DOM. Everything goes in as text; only http(s) addresses become links.
 */

const ADDRESS = /https?:\/\/[^\s<>"'“”]+/giu;
const AFTERTHOUGHT = /[.,;:!?…»’]+$/u;

/** @returns {HTMLAnchorElement | null} a link that tells the other site nothing, or null for a bad address */
export function linkTo(address, label) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return null;
  const link = document.createElement("a");
  link.href = url.href;
  link.textContent = label;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  return link;
}

/** Cut off what belongs to the sentence around the address, not to the address. */
function withoutAfterthought(address) {
  let kept = address.replace(AFTERTHOUGHT, "");
  for (const [open, close] of ["()", "[]"]) {
    while (kept.endsWith(close) && kept.split(close).length > kept.split(open).length) {
      kept = kept.slice(0, -1).replace(AFTERTHOUGHT, "");
    }
  }
  return kept;
}

/** Append `text` to `parent`, addresses as links. */
export function appendText(parent, text) {
  let from = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const address = withoutAfterthought(found[0]);
    const link = linkTo(address, address);
    if (!link) continue;
    parent.append(text.slice(from, found.index), link);
    from = found.index + address.length;
  }
  parent.append(text.slice(from));
}
