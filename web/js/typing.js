// Where people touch the screen, focus in a field opens a keyboard over what they are reading.

export const touches = matchMedia("(pointer: coarse)");

/** After a press: the field is at hand for the keys, or else `instead` has the focus, of which nothing opens. */
export function readyToType(field, instead) {
  (touches.matches ? instead : field)?.focus();
}
