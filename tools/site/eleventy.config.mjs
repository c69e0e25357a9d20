/** Builds the documentation site from docs/ and the documents for developers: `npm run site`. */

import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { IdAttributePlugin } from "@11ty/eleventy";

const ROOT_PAGES = {
  "README.md": "index",
  "ARCHITECTURE.md": "architecture",
  "CHANGELOG.md": "changelog",
  "CONTRIBUTING.md": "contributing",
  "SECURITY.md": "security",
  "docs/design/DECISIONS.md": "decisions",
  "docs/design/PROTOCOL.md": "protocol",
};
/** A row of the list of guides in README. */
const GUIDE = /^\| \[docs\/(?<name>[\w-]+)\.md\]/gm;
const PAGES_BY_NAME = Object.fromEntries(
  Object.entries(ROOT_PAGES).map(([file, page]) => [basename(file), page]),
);
const LOCAL = /^(?!\w+:|#)(?<path>[^#]+)(?<hash>#.*)?$/;

/** The address of a page for a path in the repository. Files without a page link to nothing. */
function pageAddress(href) {
  const { path, hash = "" } = LOCAL.exec(href)?.groups ?? {};
  if (path === undefined) return href;
  const name = basename(path);
  if (Object.hasOwn(PAGES_BY_NAME, name)) return `${PAGES_BY_NAME[name]}.html${hash}`;
  if (existsSync(`docs/${name}`)) return `${name.replace(/\.md$/, ".html")}${hash}`;
  return undefined;
}

/** Anchors as on GitHub, to which the documents link. */
function anchorOf(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}

function titleOf(text) {
  return (/^# (.+)$/m.exec(text)?.[1] ?? "chat").replaceAll("`", "");
}

function rewriteLinks(markdown) {
  const { renderer } = markdown;
  const rewritten = (attribute) => (tokens, index, options, _env, self) => {
    const token = tokens[index];
    const address = pageAddress(token.attrGet(attribute));
    if (address === undefined) token.attrs = token.attrs.filter(([name]) => name !== attribute);
    else token.attrSet(attribute, address);
    return self.renderToken(tokens, index, options);
  };
  const image = renderer.rules.image;
  renderer.rules.link_open = rewritten("href");
  renderer.rules.image = (tokens, index, ...rest) => {
    const token = tokens[index];
    token.attrSet("src", pageAddress(token.attrGet("src")) ?? "");
    return image(tokens, index, ...rest);
  };
}

// biome-ignore lint/style/noDefaultExport: Eleventy reads the default export.
export default function configure(config) {
  const readme = readFileSync("README.md", "utf8");
  for (const [file, name] of Object.entries(ROOT_PAGES)) {
    const text = name === "index" ? readme : readFileSync(file, "utf8");
    config.addTemplate(`${name}.md`, text);
  }
  config.ignores.add("docs/design/**");
  config.amendLibrary("md", rewriteLinks);
  config.addPlugin(IdAttributePlugin, { slugify: anchorOf });
  config.addPassthroughCopy("docs/*.{png,svg}");
  config.addPassthroughCopy({ "tools/site/site.css": "site.css" });
  config.addGlobalData("layout", "layout.njk");
  config.addGlobalData(
    "permalink",
    () =>
      ({ page }) =>
        `${page.fileSlug || "index"}.html`,
  );
  config.addGlobalData("eleventyComputed", () => ({ title: ({ page }) => titleOf(page.rawInput) }));
  const guides = [...readme.matchAll(GUIDE)].map(({ groups }) => groups?.name ?? "");
  config.addGlobalData(
    "guides",
    guides.map((name) => ({
      address: `${name}.html`,
      title: titleOf(readFileSync(`docs/${name}.md`, "utf8")),
    })),
  );
  config.addGlobalData(
    "documents",
    Object.entries(ROOT_PAGES).map(([file, name]) => ({
      address: `${name}.html`,
      title: name === "index" ? "Overview" : titleOf(readFileSync(file, "utf8")),
    })),
  );
  return {
    dir: { input: "docs", includes: "../tools/site", output: "dist/site" },
    // The documents contain braces that a template engine would replace.
    markdownTemplateEngine: false,
    templateFormats: ["md"],
  };
}
