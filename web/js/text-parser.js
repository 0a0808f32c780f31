// Socket.IO packets as text, in the place of the library's own parser, half of which is for binary attachments: the desk
// neither sends nor takes any. Handed to the bundler as "socket.io-parser".

export const protocol = 5;
export const PacketType = { CONNECT: 0, DISCONNECT: 1, EVENT: 2, ACK: 3, CONNECT_ERROR: 4 };

// Type, namespace unless it is the default one, number of the acknowledgement, JSON.
const PACKET = /^([0-4])(?:(\/[^,]*),?)?(\d*)(.*)$/s;

export class Encoder {
  encode({ type, nsp, id, data }) {
    const namespace = nsp && nsp !== "/" ? `${nsp},` : "";
    return [`${type}${namespace}${id ?? ""}${data === undefined ? "" : JSON.stringify(data)}`];
  }
}

export class Decoder {
  #decoded;

  on(_, callback) {
    this.#decoded = callback;
  }

  off() {
    this.#decoded = undefined;
  }

  /** Throws for what is no packet; the connection is closed then. */
  add(text) {
    const [, type, nsp = "/", id, json] = PACKET.exec(text);
    const packet = { type: Number(type), nsp, data: json ? JSON.parse(json) : undefined };
    if (id) packet.id = Number(id);
    const needsList = packet.type === PacketType.EVENT || packet.type === PacketType.ACK;
    if (needsList && !Array.isArray(packet.data)) throw new TypeError("not a packet");
    this.#decoded?.(packet);
  }

  destroy() {}
}
