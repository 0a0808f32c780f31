// What the assignment dropdowns say of each agent: how many open tickets they have, and whether they are here.

export class AgentLoads {
  #agents;

  constructor(board) {
    this.board = board;
    this.read(document);
  }

  /** Takes the agents from a page of the server. */
  read(page) {
    this.set(JSON.parse(page.getElementById("agents")?.textContent ?? "[]"));
  }

  /** The agents as the desk knows them. */
  set(agents) {
    this.#agents = new Map(agents.map((agent) => [agent.id, agent]));
    this.write(this.board);
  }

  moved(before, ticket) {
    if (!before && ticket.opened_at !== ticket.updated_at) return; // may have been counted already: `watch` will tell
    this.#add(holder(before), -1);
    this.#add(holder(ticket), 1);
    if (holder(before) !== holder(ticket)) this.write(this.board);
  }

  presence(person, online) {
    const agent = this.#agents.get(person);
    if (!agent || agent.online === online) return;
    agent.online = online;
    this.write(this.board);
  }

  /** Writes the options of every dropdown in `root`. */
  write(root) {
    for (const option of root.querySelectorAll(".assign option")) {
      const agent = this.#agents.get(Number(option.value));
      if (!agent) continue;
      const text = `${agent.name} · ${agent.open} open${agent.online ? " · online" : ""}`;
      if (option.textContent !== text) option.textContent = text;
    }
  }

  #add(id, change) {
    const agent = this.#agents.get(id);
    if (agent) agent.open = Math.max(0, agent.open + change);
  }
}

/** Whose open ticket it is. */
const holder = (ticket) => (ticket && !ticket.gone && ticket.status !== "closed" ? ticket.agent?.id : undefined);
