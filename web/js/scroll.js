// Where the reader is. The log is laid out from its end (`column-reverse`): its place is counted from the newest entry,
// so what comes in front moves nothing, and a keyboard that opens leaves the end in view. `scrollTop` is 0 at the end
// and negative above it.

const NEAR = 48;

export class Scroll {
  #log;
  #button;
  #beginning;
  #above;
  #height;
  /** What a place in whole pixels lacks: many small changes must not add up to a step. */
  #rest = 0;

  /** `looked` is called when the reader has come to the end, `older` when the beginning comes into view, `newest` when
   *  the reader asks for the end. */
  constructor(timeline, looked, older, newest) {
    this.#log = timeline.querySelector(".log");
    this.#button = timeline.querySelector(".newer");
    this.#log.addEventListener("scroll", () => this.#moved(looked), { passive: true });
    this.#button.addEventListener("click", () => {
      newest();
      this.#log.focus({ preventScroll: true }); // the button goes; the place of the keyboard stays
    });
    document.addEventListener("visibilitychange", () => !document.hidden && this.isAtEnd && looked());
    this.#beginning = timeline.querySelector(".older");
    this.#above = new IntersectionObserver((seen) => seen.at(-1).isIntersecting && older(), { root: this.#log, rootMargin: "400px 0px 0px" });
    this.#above.observe(this.#beginning);
    new ResizeObserver(() => this.#resized()).observe(this.#log);
  }

  get isAtEnd() {
    return this.#log.scrollTop > -NEAR;
  }

  /** Adds something at the end. A reader who is elsewhere, or wants to `stay`, stays there, and is told if it is `news`. */
  keepFor(news, stay, add) {
    if (this.isAtEnd && !stay) {
      add();
      this.#log.scrollTop = 0;
      return;
    }
    this.hold(add);
    if (news || stay) this.showNewer();
  }

  /** Changes something below the reader, who stays where they are. */
  hold(change) {
    const seen = this.#firstInView();
    const before = seen.getBoundingClientRect().top;
    change();
    const { scrollTop } = this.#log;
    const moved = seen.getBoundingClientRect().top - before + this.#rest;
    this.#log.scrollTop += moved;
    this.#rest = (moved - (this.#log.scrollTop - scrollTop)) % 1;
    this.#height = this.#log.clientHeight;
  }

  /** There is something below that the reader has not come to. */
  showNewer() {
    this.#button.hidden = false;
  }

  /** What came in front may have been scrolled past before it was ever drawn: then the beginning is in view as it was before,
   *  which nobody is told, unless it is looked at anew. */
  lookAbove() {
    this.#above.unobserve(this.#beginning);
    this.#above.observe(this.#beginning);
  }

  #firstInView() {
    const { top } = this.#log.getBoundingClientRect();
    return [...this.#log.querySelectorAll(".entry")].find((item) => item.getBoundingClientRect().bottom > top);
  }

  toEnd() {
    this.#log.scrollTop = 0;
    this.#button.hidden = true;
  }

  /** What stands below the log came or went, which moves everything in it: not under the eyes of who is elsewhere. */
  #resized() {
    const before = this.#height ?? this.#log.clientHeight;
    this.#height = this.#log.clientHeight;
    if (!this.isAtEnd) this.#log.scrollTop += this.#height - before;
  }

  #moved(looked) {
    if (!this.isAtEnd) return;
    this.#button.hidden = true;
    if (!document.hidden) looked();
  }
}
