import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

// The gateway serves cabinet.html under /cabinet/{cabinet id}, and what the page loads under /cabinet/assets.
export default defineConfig({
  base: "/cabinet/",
  // Parts of the chat window are used here; what they need comes from this folder's packages, once.
  resolve: { dedupe: ["@bufbuild/protobuf", "@connectrpc/connect"] },
  build: {
    target: ["es2022", "safari15.4", "firefox100", "chrome100"],
    // A strict Content-Security-Policy allows neither data: addresses nor inline scripts.
    assetsInlineLimit: 0,
    modulePreload: false,
    rollupOptions: { input: { cabinet: resolve(import.meta.dirname, "cabinet.html") } },
  },
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.ts"],
    restoreMocks: true,
    testTimeout: 30_000,
  },
});
