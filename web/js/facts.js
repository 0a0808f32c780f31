// The facts about a ticket: on phones they fold away; where there is room they stand open, and there is nothing to press.

const room = matchMedia("(width >= 60rem)");

export function keepOpenWhereThereIsRoom(about) {
  const adapt = () => {
    about.querySelector("details").open = room.matches;
    offerFolding(about);
  };
  room.addEventListener("change", adapt);
  adapt();
}

/** The Tab key stops at the title only where it folds anything. */
export function offerFolding(about) {
  about.querySelector("summary").tabIndex = room.matches ? -1 : 0;
}
