import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const engine = process.env.PENSTOCK ?? "http://127.0.0.1:8321";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/penstock/server/page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  server: {
    proxy: {
      "/api": engine,
      "/openapi.json": engine,
      "/ws": { target: engine, ws: true },
    },
  },
});
