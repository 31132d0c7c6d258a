/**
 * The page: built into the server's package with hashed names, so that a browser may keep its assets for ever.
 * Nothing is inlined: the server's content security policy allows neither inline scripts nor data addresses.
 */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

/**
 * The server sends no markup for Svelte to take over, so nothing is ever hydrated. Svelte guards that work with one
 * variable; as a constant it lets the bundler leave all of it out, a tenth of the page. An export that a new version
 * adds to this module is missing here, and stops the build.
 */
const neverHydrate: Plugin = {
  name: "never-hydrate",
  enforce: "pre",
  apply: "build",
  load: {
    filter: { id: /svelte\/src\/internal\/client\/dom\/hydration\.js$/ },
    handler: () => `
      export const hydrating = false;
      export const hydrate_node = undefined;
      ${["set_hydrating", "set_hydrate_node", "hydrate_next", "reset", "hydrate_template", "next", "skip_nodes", "read_hydration_instruction"]
        .map((name) => `/* @__NO_SIDE_EFFECTS__ */ export function ${name}() {}`)
        .join("\n")}`,
  },
};

export default defineConfig({
  plugins: [neverHydrate, svelte()],
  build: {
    outDir: "../offhook/web/page",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    target: ["chrome123", "firefox121", "safari17.5"],
    rolldownOptions: {
      // All that is there from the first moment is one file; what is looked at later comes when it is.
      output: { codeSplitting: { groups: [{ name: "page", tags: ["$initial"] }] } },
      // Svelte does nothing by being imported; what we do not call need not be carried (custom elements, mostly).
      treeshake: { moduleSideEffects: [{ test: /node_modules\/svelte\//, sideEffects: false }] },
    },
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8080", ws: true } } },
});
