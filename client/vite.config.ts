/**
 * The page: built into the server's package with hashed names, so that a browser may keep its assets for ever.
 * Nothing is inlined: the server's content security policy allows neither inline scripts nor data addresses.
 */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: "../offhook/web/page",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    target: ["chrome123", "firefox121", "safari17.5"],
    rolldownOptions: {
      // Svelte does nothing by being imported; what we do not call need not be carried (custom elements, mostly).
      treeshake: { moduleSideEffects: [{ test: /node_modules\/svelte\//, sideEffects: false }] },
    },
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8080", ws: true } } },
});
