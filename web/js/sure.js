// Asks before something that cannot be undone.

/** Resolves with whether the reader said yes. Without words for yes it only tells. */
export function isSure(title, words, yes) {
  const dialog = make("dialog", "sure");
  const stack = make("div", "stack");
  const row = make("p", "row");
  stack.append(make("h2", "", title), make("p", "", words), row);
  dialog.append(stack);
  if (yes) row.append(button(dialog, "main", "yes", yes));
  row.append(button(dialog, "", "no", yes ? "Cancel" : "Close"));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}

function button(dialog, className, value, words) {
  const made = make("button", className, words);
  made.type = "button";
  made.onclick = () => dialog.close(value);
  return made;
}

function make(name, className, words = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = words;
  return made;
}
