import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

// The chat window and the demo page. The gateway serves chat.html under /chat/{id} and demo.html under /demo, so
// addresses of assets start at the root.
export default defineConfig({
  base: "/",
  build: {
    target: ["es2022", "safari15.4", "firefox100", "chrome100"],
    // A strict Content-Security-Policy allows neither data: addresses nor inline scripts.
    assetsInlineLimit: 0,
    modulePreload: false,
    rollupOptions: {
      input: {
        chat: resolve(import.meta.dirname, "chat.html"),
        demo: resolve(import.meta.dirname, "demo.html"),
      },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.ts"],
    restoreMocks: true,
    testTimeout: 30_000,
  },
});
