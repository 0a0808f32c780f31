// What this browser keeps for one person and ticket: messages not yet acknowledged, and the draft.
// Each message lies under a name of its own, so that two tabs cannot overwrite each other's.

const ROOT = "ccr:";

/** Forgets everything kept here, for whoever signs out on a shared machine. */
export function forgetEverything() {
  safely(() => {
    for (const name of Object.keys(localStorage)) if (name.startsWith(ROOT)) localStorage.removeItem(name);
  });
}

/** Messages on their way. Asynchronous, because a larger store will be. */
export class Outgoing {
  #prefix;

  constructor(person, ticket) {
    this.#prefix = `${ROOT}out:${person}:${ticket}:`;
  }

  /** Oldest first. */
  async all() {
    const names = safely(() => Object.keys(localStorage)) ?? [];
    const kept = names.filter((name) => name.startsWith(this.#prefix)).map((name) => read(name));
    return kept.filter(Boolean).sort((one, other) => one.at - other.at);
  }

  async put(message) {
    safely(() => localStorage.setItem(this.#prefix + message.key, JSON.stringify(message)));
  }

  async remove(key) {
    safely(() => localStorage.removeItem(this.#prefix + key));
  }
}

/** What is half written. */
export class Draft {
  #name;

  constructor(person, ticket) {
    this.#name = `${ROOT}draft:${person}:${ticket}`;
  }

  get() {
    return read(this.#name);
  }

  set(draft) {
    safely(() => localStorage.setItem(this.#name, JSON.stringify(draft)));
  }

  clear() {
    safely(() => localStorage.removeItem(this.#name));
  }
}

function read(name) {
  return safely(() => JSON.parse(localStorage.getItem(name)));
}

/** Storage may be full or forbidden; then nothing outlives a reload, and everything else still works. */
function safely(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}
