import { Fragment } from "react";
import { parseMoment } from "../text/time";
import { Moment } from "./Moment";

const MOMENTS = /(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)/;

/** What the server says, with the moments in it, which are UTC, in the viewer's zone. */
export function Sentence({ text }: { text: string }) {
  return text.split(MOMENTS).map((part, at) => {
    const ms = at % 2 === 1 ? parseMoment(part) : undefined;
    return <Fragment key={at}>{ms === undefined ? part : <Moment ms={ms} />}</Fragment>;
  });
}
