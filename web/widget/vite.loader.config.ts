import { resolve } from "node:path";
import { defineConfig } from "vite";

// The loader runs on pages of others: one classic script, no dependencies, nothing left in the global scope.
export default defineConfig({
  build: {
    target: ["es2020", "safari14", "firefox90", "chrome90"],
    emptyOutDir: false,
    lib: {
      entry: resolve(import.meta.dirname, "src/loader/main.ts"),
      formats: ["iife"],
      name: "besedaLoader",
      fileName: () => "loader.js",
    },
  },
});
