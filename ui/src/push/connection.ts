import type { Content, Fault, Message, Topic } from "./protocol";
import { eventStream, type Transport, type TransportEvents, webSocket } from "./transport";
import { NOTHING, taken, type Watched } from "./watched";

const FIRST_WAIT = 400;
const LONGEST_WAIT = 10_000;
const SILENCE = 15_000;
const LINGER = 5_000;
const WEBSOCKET_TRIES = 2;
/** A WebSocket that is not open by then is held back by something on the way. */
const HANDSHAKE = 4_000;

export interface Link {
  state: "connecting" | "live" | "lost";
  /** This browser's clock when the link was last alive, ms. */
  since: number;
  /** When the next try to come back is made, ms of this browser's clock. */
  retryAt?: number;
  project?: string;
  /** What has spoken last: a WebSocket, or the stream of events where something on the way lets none through. */
  way?: Transport["kind"];
  /** The least watermark of the running pipelines, ms. */
  eventTime?: number | null;
  /** SQL files that are not as they were applied, as the last heartbeat said. */
  changed?: readonly string[];
  /** The server's clock less this browser's, ms. */
  skew: number;
}

interface Subscription {
  id: string;
  topic: Topic;
  held: Watched;
  refusal?: Fault;
  channel?: number;
  listeners: Set<() => void>;
  leaving?: ReturnType<typeof setTimeout>;
}

export interface Watch {
  held: Watched;
  /** Nothing has come yet. */
  waiting: boolean;
  refusal?: Fault;
}

/**
 * The one connection of a page: what it watches, and what has come of it.
 *
 * It comes back by itself with the position of each subscription; what is held stays until then.
 */
export class Connection {
  #link: Link = { state: "connecting", since: Date.now(), skew: 0 };
  #subscriptions = new Map<string, Subscription>();
  #views = new Map<string, Watch>();
  #linkListeners = new Set<() => void>();
  #transport: Transport | undefined;
  #fails = 0;
  #next = 1;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  open(): void {
    const again = () => this.#link.state === "lost" && this.#connect();
    window.addEventListener("online", again);
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && again());
    this.#connect();
  }

  readonly link = (): Link => this.#link;

  readonly onLink = (listener: () => void): (() => void) => {
    this.#linkListeners.add(listener);
    return () => this.#linkListeners.delete(listener);
  };

  /** Try to come back now. */
  readonly retry = (): void => {
    if (this.#link.state === "lost") this.#connect();
  };

  /** Watch a topic; `listener` is called when `view` of it is another. */
  watch(topic: Topic, listener: () => void): () => void {
    const name = JSON.stringify(topic);
    let found = this.#subscriptions.get(name);
    if (!found) {
      found = { id: `s${this.#next++}`, topic, held: NOTHING, listeners: new Set() };
      this.#subscriptions.set(name, found);
      if (this.#link.state === "live") this.#transport?.subscribe(found.id, topic);
    }
    const one = found;
    clearTimeout(one.leaving);
    one.listeners.add(listener);
    return () => {
      one.listeners.delete(listener);
      if (one.listeners.size === 0) one.leaving = setTimeout(() => this.#leave(name, one), LINGER);
    };
  }

  view(topic: Topic): Watch {
    return this.#views.get(JSON.stringify(topic)) ?? UNSEEN;
  }

  #leave(name: string, one: Subscription): void {
    this.#subscriptions.delete(name);
    this.#views.delete(name);
    if (this.#link.state === "live" && !one.refusal) this.#transport?.unsubscribe(one.id);
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#transport?.close();
    const events: TransportEvents = {
      message: (message) => this.#take(message),
      lost: () => this.#lost(transport),
      subscriptions: () =>
        [...this.#subscriptions.values()].map((one) => ({ id: one.id, ...one.topic, ...positionOf(one) })),
    };
    const transport: Transport = this.#way() === "stream" ? eventStream(events) : webSocket(events);
    this.#transport = transport;
    this.#listen(HANDSHAKE);
  }

  /** What has worked; before that, WebSockets and from some failures on the stream in turn with them. */
  #way(): Transport["kind"] {
    const both = this.#fails >= WEBSOCKET_TRIES && (this.#fails - WEBSOCKET_TRIES) % 2 === 0;
    return this.#link.way ?? (both ? "stream" : "websocket");
  }

  /** A link that says nothing for longer than three heartbeats is dead. */
  #listen(patience = SILENCE): void {
    clearTimeout(this.#silence);
    const transport = this.#transport;
    this.#silence = setTimeout(() => transport && this.#lost(transport), patience);
  }

  #lost(transport: Transport): void {
    if (transport !== this.#transport) return;
    this.#transport = undefined;
    transport.close();
    clearTimeout(this.#silence);
    for (const one of this.#subscriptions.values()) delete one.channel;
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#fails) * (0.75 + Math.random() / 2);
    this.#fails += 1;
    this.#retry = setTimeout(() => this.#connect(), wait);
    this.#say({ ...this.#link, state: "lost", retryAt: Date.now() + wait });
  }

  #take(message: Message): void {
    this.#listen();
    switch (message.type) {
      case "hello": {
        this.#fails = 0;
        const { retryAt: _, ...link } = this.#link;
        const way = this.#transport?.kind ?? "websocket";
        this.#say({ ...link, ...this.#alive(message.time), state: "live", project: message.project, way });
        for (const one of this.#subscriptions.values()) {
          this.#transport?.subscribe(one.id, { ...one.topic, ...positionOf(one) });
        }
        return;
      }
      case "heartbeat":
        this.#say({
          ...this.#link,
          ...this.#alive(message.time),
          eventTime: message.event_time,
          changed: message.changed,
        });
        return;
      case "subscribed":
        for (const one of this.#subscriptions.values()) {
          if (one.id !== message.id) continue;
          one.channel = message.channel;
          delete one.refusal;
        }
        return;
      case "error":
        for (const [name, one] of this.#subscriptions) {
          if (one.id !== message.id) continue;
          one.refusal = message.error;
          this.#show(name, one);
        }
        return;
      default:
        if (message.channel !== undefined) this.#content(message);
    }
  }

  #content(message: Content): void {
    for (const [name, one] of this.#subscriptions) {
      if (one.channel !== message.channel) continue;
      const isQuery = one.topic.query !== undefined || one.topic.saved !== undefined;
      one.held = taken(one.held, message, isQuery);
      if (one.held.broken) this.#again(one);
      this.#show(name, one);
    }
  }

  /** Something was lost on the way: begin anew with a snapshot; what is still under way of the old channel is passed over. */
  #again(one: Subscription): void {
    delete one.channel;
    this.#transport?.unsubscribe(one.id);
    this.#transport?.subscribe(one.id, one.topic);
  }

  #show(name: string, one: Subscription): void {
    const waiting = one.held.time === undefined;
    this.#views.set(name, { held: one.held, waiting, ...(one.refusal ? { refusal: one.refusal } : {}) });
    for (const listener of one.listeners) listener();
  }

  #alive(serverTime: number): Pick<Link, "since" | "skew"> {
    return { since: Date.now(), skew: serverTime - Date.now() };
  }

  #say(link: Link): void {
    this.#link = link;
    for (const listener of this.#linkListeners) listener();
  }
}

const UNSEEN: Watch = { held: NOTHING, waiting: true };

function positionOf(one: Subscription): { position?: string } {
  return one.held.position === undefined || one.held.broken ? {} : { position: one.held.position };
}
