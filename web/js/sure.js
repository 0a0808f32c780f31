// Asks before something that cannot be undone.

/** Resolves with whether the reader said yes. Without words for yes it only tells. */
export function isSure(title, words, yes) {
  const dialog = document.getElementById("t-sure").content.firstElementChild.cloneNode(true);
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("p").textContent = words;
  const button = dialog.querySelector("[value=yes]");
  if (yes) button.textContent = yes;
  else button.remove();
  for (const each of dialog.querySelectorAll("button")) each.onclick = () => dialog.close(each.value);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}
