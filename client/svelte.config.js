/**
 * How components are compiled.
 *
 * Most icons are known when the page is built: `<Icon name="phone" size={16} />` becomes the markup itself, which
 * costs nothing at run time. Icons whose name is worked out stay components.
 */
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
    // Three letters tell our components apart, and every element with a style of its own carries them.
    cssHash: ({ hash, css }) => `s${hash(css).slice(0, 3)}`,
  },
};
