import { exactJson } from "../api/exact";
import type { Message, Topic } from "./protocol";

export type Request = Topic & { position?: string };

/** One way to the server. It speaks `hello` first, and is used for one connection only. */
export interface Transport {
  kind: "websocket" | "stream";
  subscribe(id: string, request: Request): void;
  unsubscribe(id: string): void;
  close(): void;
}

export interface TransportEvents {
  message: (message: Message) => void;
  lost: () => void;
  /** All that is subscribed to, with positions: what a stream of events asks for in its address. */
  subscriptions: () => (Request & { id: string })[];
}

export function webSocket(events: TransportEvents): Transport {
  const address = new URL("/ws", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address, "penstock.v1");
  let closed = false;
  socket.onmessage = (event) => !closed && events.message(JSON.parse(exactJson(event.data)));
  socket.onclose = () => !closed && events.lost();
  const send = (request: object) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(request));
  return {
    kind: "websocket",
    subscribe: (id, request) => void send({ type: "subscribe", id, ...request }),
    unsubscribe: (id) => void send({ type: "unsubscribe", id }),
    close() {
      closed = true;
      socket.close();
    },
  };
}

/** Server-sent events, for those whose proxy lets no WebSocket through. Another set of topics is another stream. */
export function eventStream(events: TransportEvents): Transport {
  let source: EventSource | undefined;
  let closed = false;
  let pending: ReturnType<typeof setTimeout> | undefined;
  let asked = "";

  const begin = () => {
    const wanted = events.subscriptions();
    const set = wanted.map((one) => one.id).join();
    if (closed || (source && set === asked)) return;
    asked = set;
    source?.close();
    const query = new URLSearchParams(wanted.map((one): [string, string] => ["subscribe", JSON.stringify(one)]));
    source = new EventSource(`/api/stream?${query}`);
    source.onmessage = (event) => !closed && events.message(JSON.parse(exactJson(event.data)));
    source.onerror = () => !closed && source?.readyState === EventSource.CLOSED && events.lost();
  };
  const soon = () => {
    clearTimeout(pending);
    pending = setTimeout(begin, 50);
  };
  begin();
  return {
    kind: "stream",
    subscribe: soon,
    unsubscribe: soon,
    close() {
      closed = true;
      clearTimeout(pending);
      source?.close();
    },
  };
}
