/**
 * How components are compiled.
 *
 * Most icons are known when the page is built: `<Icon name="phone" size={16} />` becomes the markup itself, which
 * costs nothing at run time. Icons whose name is worked out stay components.
 */
import { readdirSync } from "node:fs";

const components = readdirSync(new URL("src", import.meta.url), { recursive: true })
  .map((name) => String(name).replaceAll("\\", "/"))
  .filter((name) => name.endsWith(".svelte"))
  .sort();

const KNOWN = /<Icon name="([a-z-]+)"(?: size=\{(\d+)\})? \/>/g;

const icons = {
  name: "known icons",
  markup: ({ content, filename }) => {
    if (!filename?.endsWith(".svelte") || !content.includes("<Icon ")) return undefined;
    const code = content.replace(
      KNOWN,
      (_, name, size = "20") =>
        `<svg class="icon" width="${size}" height="${size}" aria-hidden="true"><use href="#icon-${name}" /></svg>`,
    );
    return { code };
  },
};

export default {
  preprocess: [icons],
  compilerOptions: {
    runes: true,
    // Every element with a style of its own carries its component's mark, so the mark is short: its place in the list.
    cssHash: ({ filename }) => `_${components.findIndex((name) => filename.endsWith(`/${name}`)).toString(36)}`,
  },
};
