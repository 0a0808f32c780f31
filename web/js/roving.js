// One stop for the Tab key instead of one for every message: the arrows go from message to message.

export class Roving {
  constructor(list) {
    this.list = list;
    list.addEventListener("keydown", (event) => this.#move(event));
    list.addEventListener("focusin", (event) => this.#choose(event.target.closest(".entry")));
    this.changed();
  }

  /** Call it when entries came or went. */
  changed() {
    const stops = this.#stops();
    const chosen = stops.find((item) => item.contains(document.activeElement)) ?? stops.at(-1);
    this.#choose(chosen);
  }

  #stops() {
    return [...this.list.querySelectorAll(".entry:has(a)")];
  }

  #choose(chosen) {
    for (const item of this.#stops()) {
      for (const link of item.querySelectorAll("a")) link.tabIndex = item === chosen ? 0 : -1;
    }
  }

  #move(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const here = event.target.closest(".entry");
    if (!step || !here) return;
    const stops = this.#stops();
    const next = stops[stops.indexOf(here) + step];
    if (!next) return;
    event.preventDefault();
    (next.querySelector(".reply") ?? next.querySelector("a")).focus();
  }
}
