// A picture by itself, as large as there is room; the arrows, as keys and as buttons, go to those before and after it in
// the conversation.

import { element } from "./element.js";

export function look(first, list) {
  const pictures = [...list.querySelectorAll(".picture")];
  const dialog = element("dialog", "lightbox", { ariaLabel: "Picture" });
  const image = element("img", "");
  const caption = element("p", "small");
  const save = element("a", "button small", { textContent: "Download" });
  const close = element("button", "small", { type: "button", textContent: "Close", autofocus: true });
  let at = Math.max(0, pictures.indexOf(first));

  const show = (by) => {
    at = (at + by + pictures.length) % pictures.length;
    const picture = pictures[at] ?? first;
    const { alt } = picture.querySelector("img");
    Object.assign(image, { src: picture.href, alt });
    caption.textContent = pictures.length > 1 ? `${alt} (${at + 1} of ${pictures.length})` : alt;
    Object.assign(save, { href: picture.href, download: alt });
  };
  close.onclick = () => dialog.close();
  dialog.onclick = ({ target }) => target === dialog && dialog.close();
  dialog.onkeydown = ({ key }) => ({ ArrowLeft: () => show(-1), ArrowRight: () => show(1) })[key]?.();
  dialog.onclose = () => {
    dialog.remove();
    (pictures[at] ?? first).focus();
  };
  const step = (textContent, ariaLabel, by) => element("button", "small", { type: "button", textContent, ariaLabel, onclick: () => show(by) });
  const steps = pictures.length > 1 ? [step("←", "Picture before", -1), step("→", "Picture after", 1)] : [];
  const bar = element("div", "row ends");
  bar.append(caption, ...steps, save, close);
  dialog.append(image, bar);
  show(0);
  document.body.append(dialog);
  dialog.showModal();
}
