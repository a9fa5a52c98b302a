import { useQuery } from "@tanstack/react-query";
import { api, body, type Schemas } from "./client";

export type Part = Schemas["PartAnswer"];
export type PartUptime = Schemas["PartUptimeAnswer"];

const AGAIN = 5_000;
const SELDOM = 60_000;

/** How each part is that the project needs, as its last probe found it. */
export const useHealth = () =>
  useQuery({ queryKey: ["health"], queryFn: () => body(api.GET("/api/health")), refetchInterval: AGAIN });

/** How much of the last days each part was up. */
export const useUptime = (days: number) =>
  useQuery({
    queryKey: ["uptime", days],
    queryFn: () => body(api.GET("/api/uptime", { params: { query: { days } } })),
    refetchInterval: SELDOM,
  });
