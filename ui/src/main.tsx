import "./look.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Problem } from "./api/problem";
import { Door } from "./frame/Door";
import { Frame } from "./frame/Frame";
import { News } from "./frame/News";
import { applyTheme } from "./frame/theme";
import { Connection } from "./push/connection";
import { PushContext } from "./push/useWatch";
import { Views } from "./frame/Views";

applyTheme();

const connection = new Connection();
connection.open();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (times, error) => times < 2 && !(error instanceof Problem && (error.body.status ?? 500) < 500),
    },
  },
});

// What was asked before the server went away is asked again when it is back.
let wasLost = false;
connection.onLink(() => {
  const { state } = connection.link();
  if (state === "live" && wasLost) void queries.invalidateQueries();
  wasLost = state === "lost";
});

// The frame says which files have changed, and the server when these are others.
let changed = "";
connection.onLink(() => {
  const now = connection.link().changed?.join("\n") ?? "";
  if (now === changed) return;
  changed = now;
  for (const key of ["project", "diff"]) void queries.invalidateQueries({ queryKey: [key] });
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <PushContext value={connection}>
          <Door>
            <News of="incidents" touches={["incidents", "incident"]} />
            <News of="runs" touches={["jobs", "runs"]} />
            <Frame>
              <Views />
            </Frame>
          </Door>
        </PushContext>
      </QueryClientProvider>
    </StrictMode>,
  );
}
