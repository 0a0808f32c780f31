// Two ways of carrying Engine.IO packets: a WebSocket, and plain requests where something on the way lets none through.
// Each takes `heard(packet)` and `gone()`, which follows at the end, and gives `{send(packet), close()}`.

const ADDRESS = "/socket.io/?EIO=4&transport=";
const SEPARATOR = "\x1e";

export function byWebSocket(heard, gone) {
  const socket = new WebSocket(location.origin.replace("http", "ws") + ADDRESS + "websocket");
  socket.onmessage = ({ data }) => heard(data);
  socket.onclose = gone;
  return { send: (packet) => socket.send(packet), close: () => socket.close() };
}

/** One request hangs until there is something to hear; another carries what is to be said, all that waits at once. */
export function byPolling(heard, gone) {
  const ending = new AbortController();
  let session = "";
  let waiting = [];
  let isSending = false;

  async function ask(options) {
    const answer = await fetch(`${ADDRESS}polling${session}`, { signal: ending.signal, cache: "no-store", ...options });
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.text();
  }

  async function listen() {
    for (;;) {
      for (const packet of (await ask()).split(SEPARATOR)) {
        if (packet[0] === "0") session = `&sid=${JSON.parse(packet.slice(1)).sid}`;
        heard(packet);
      }
    }
  }

  async function send(packet) {
    waiting.push(packet);
    if (isSending) return;
    isSending = true;
    while (waiting.length) {
      const body = waiting.join(SEPARATOR);
      waiting = [];
      await ask({ method: "POST", body }).catch(gone);
    }
    isSending = false;
  }

  listen().catch(gone);
  return { send, close: () => ending.abort() };
}

/** Calls back if a WebSocket comes through after all. */
export function probeWebSocket(comesThrough) {
  const probe = new WebSocket(location.origin.replace("http", "ws") + ADDRESS + "websocket");
  probe.onmessage = () => {
    probe.close();
    comesThrough();
  };
}
