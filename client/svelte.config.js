import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";

export default {
  preprocess: vitePreprocess({ script: false }),
  compilerOptions: {
    runes: true,
    // Three letters tell our components apart, and every element with a style of its own carries them.
    cssHash: ({ hash, css }) => `s${hash(css).slice(0, 3)}`,
  },
};
