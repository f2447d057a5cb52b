import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// During `npm run dev` the API is wherever CROSSFOOT_URL says, by default the server's own default.
const api = process.env.CROSSFOOT_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    target: "es2022",
    // One script and one style sheet: the page is small, and the server has few files to hold.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
  server: { host: "127.0.0.1", proxy: { "/v1": api, "/errors": api } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
