/** A new element of this class, with these properties. */
export function element(name, className, properties) {
  return Object.assign(document.createElement(name), { className }, properties);
}
