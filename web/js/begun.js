// What somebody has begun in a part of the page that is replaced: what is typed or chosen and not yet sent, what is unfolded,
// and where the focus is. It goes on in what takes the place, wherever the same thing is there again.

const FIELDS = "input:not([type=file]), textarea, select";
const FOCUSABLE = `a, button, summary, ${FIELDS}`;

/** Puts `nodes` in the place of what `region` holds. */
export function replaceIn(region, nodes) {
  const begun = [...region.querySelectorAll(FIELDS)].filter(isBegun);
  const unfolded = [...region.querySelectorAll("details")].map(({ open }) => open);
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  region.replaceChildren(...nodes);
  const [fields, stops] = [FIELDS, FOCUSABLE].map((which) => [...region.querySelectorAll(which)]);
  region.querySelectorAll("details").forEach((details, n) => (details.open = unfolded[n] ?? details.open));
  for (const field of begun) carry(field, same(field, fields));
  const stop = focused && same(focused, stops);
  stop?.focus({ preventScroll: true });
  if (stop?.setSelectionRange && focused.selectionStart !== null) stop.setSelectionRange(focused.selectionStart, focused.selectionEnd);
}

/** What stands in `form` was carried out: it is not half written any more. */
export function markSent(form) {
  for (const field of form.elements) {
    if ("defaultChecked" in field) field.defaultChecked = field.checked;
    if ("defaultValue" in field && field.type !== "file") field.defaultValue = field.value;
    for (const option of field.options ?? []) option.defaultSelected = option.selected;
  }
}

/** Whether it is not as the server gave it. */
function isBegun({ options, value, defaultValue, checked, defaultChecked }) {
  if (!options) return value !== defaultValue || checked !== defaultChecked;
  const given = [...options].find(({ defaultSelected }) => defaultSelected) ?? options[0];
  return value !== given?.value;
}

function carry(from, to) {
  if (!to || (to.options && ![...to.options].some(({ value }) => value === from.value))) return;
  to.value = from.value;
  if (isChoice(from)) to.checked = from.checked;
}

const same = (one, others) => others.find((other) => nameOf(other) === nameOf(one));

const isChoice = ({ type }) => type === "radio" || type === "checkbox";

/** A field is known by its name in a form that does the same, a choice also by what it stands for, all else by its words. */
function nameOf(element) {
  const { form, localName, name, value, textContent } = element;
  return [form?.elements.type?.value, localName, name || textContent, isChoice(element) && value].join("\n");
}
