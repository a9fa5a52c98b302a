import { useEffect, useState } from "react";
import { Button } from "../pieces/Button";
import { Moment } from "../pieces/Moment";
import { Opens } from "../pieces/Opens";
import { useConnection, useLink } from "../push/useWatch";
import { duration } from "../text/number";
import { clock } from "../text/time";
import css from "./LiveLight.module.css";

/** The browser's clock, again each second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

const WORDS = { live: "Live", connecting: "Connecting", lost: "Disconnected" };

const WAYS = { websocket: "WebSocket", stream: "server-sent events" };

/** Connected or not, event time now, how far it is behind the wall clock. */
export function LiveLight() {
  const link = useLink();
  const now = useNow();
  const eventTime = link.eventTime ?? undefined;
  const word = WORDS[link.state];
  return (
    <Opens
      look="plain"
      className={css.light}
      label="The connection"
      named
      align="start"
      title={link.way && `${word}, by ${WAYS[link.way]}`}
      popup={() => <Details />}
    >
      <i className={`${css.dot} ${css[link.state]}`} />
      <span className={css.word}>{word}</span>
      {eventTime !== undefined && (
        <>
          <span className={css.time}>{clock(eventTime)}</span>
          <span className={css.behind}>{duration(Math.max(0, now + link.skew - eventTime))} behind</span>
        </>
      )}
    </Opens>
  );
}

function Details() {
  const link = useLink();
  const connection = useConnection();
  const now = useNow();
  const eventTime = link.eventTime ?? undefined;
  return (
    <div className={css.details}>
      <h2>{WORDS[link.state]}</h2>
      <dl className={css.facts}>
        <dt>Event time</dt>
        <dd>{eventTime === undefined ? "no watermark yet" : <Moment ms={eventTime} />}</dd>
        <dt>Behind the wall clock</dt>
        <dd>{eventTime === undefined ? "\u2013" : duration(Math.max(0, now + link.skew - eventTime))}</dd>
        <dt>Last word from the server</dt>
        <dd>{duration(Math.max(0, now - link.since))} ago</dd>
        {link.way && <dt>Comes by</dt>}
        {link.way && <dd>{WAYS[link.way]}</dd>}
      </dl>
      <p className={css.note}>
        Event time is the least watermark of the running pipelines: no earlier window can change any more.
      </p>
      {link.way === "stream" && (
        <p className={css.note}>
          No WebSocket comes through to here, a proxy may be in its way: all is sent as server-sent events instead.
        </p>
      )}
      {link.state !== "live" && (
        <div className={css.away}>
          <p>
            Values are kept as they were.
            {link.retryAt !== undefined && ` Next try in ${duration(Math.max(0, link.retryAt - now))}.`}
          </p>
          <Button onClick={connection.retry}>Try now</Button>
        </div>
      )}
    </div>
  );
}
