import { createContext, useCallback, useContext, useSyncExternalStore } from "react";
import type { Connection, Link, Watch } from "./connection";
import type { Topic } from "./protocol";

export const PushContext = createContext<Connection | null>(null);

export function useConnection(): Connection {
  const connection = useContext(PushContext);
  if (!connection) throw new Error("the page has no connection: it is rendered outside of its frame");
  return connection;
}

/** What the server shows of a topic, as it changes. */
export function useWatch(topic: Topic): Watch {
  const connection = useConnection();
  const name = JSON.stringify(topic);
  const subscribe = useCallback(
    (listener: () => void) => connection.watch(JSON.parse(name), listener),
    [connection, name],
  );
  return useSyncExternalStore(subscribe, () => connection.view(topic));
}

export function useLink(): Link {
  const connection = useConnection();
  return useSyncExternalStore(connection.onLink, connection.link);
}
