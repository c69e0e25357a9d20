/** Builds the documentation site from docs/ and the documents for developers: `npm run site`. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { IdAttributePlugin } from "@11ty/eleventy";

/** Documents outside docs/ in the navigation, with the names of their pages. */
const PROJECT_PAGES = {
  "README.md": "index",
  "SECURITY.md": "security",
  "CHANGELOG.md": "changelog",
  "bench/performance.md": "performance",
  "CONTRIBUTING.md": "contributing",
  "ARCHITECTURE.md": "architecture",
  "docs/design/PROTOCOL.md": "protocol",
  "data/README.md": "data-folder",
  "docs/design/DECISIONS.md": "decisions",
};
/** Documents to which others link. */
const LINKED_PAGES = {
  "bench/mutants.md": "mutants",
  "bench/notes.md": "notes",
  "bench/soak-load.md": "soak-load",
  "bench/soak-release.md": "soak-release",
  "bench/soak-tests.md": "soak-tests",
  "test/SECURITY-TESTS.md": "security-tests",
  "test/by-hand/phones.md": "phones",
  "test/by-hand/windows.md": "windows",
};
const ROOT_PAGES = { ...PROJECT_PAGES, ...LINKED_PAGES };
const COPIED_FILES = { LICENSE: "LICENSE.txt", "src/wire/code-words.ts": "code-words.txt" };
const FILES_BY_PAGE = Object.fromEntries(
  Object.entries(ROOT_PAGES).map(([file, page]) => [page, file]),
);
/** A heading or a guide in README's table of documents. */
const ROW = /^\| (?:\*\*(?<heading>[^*]+)\*\*|\[docs\/(?<name>[\w-]+)\.md\].*) \|$/gm;
const LOCAL = /^(?!\w+:|#)(?<path>[^#]+)(?<hash>#.*)?$/;

/** The address of a page for a path in a document. */
function pageAddress(href, fileSlug) {
  const { path, hash = "" } = LOCAL.exec(href)?.groups ?? {};
  if (path === undefined) return href;
  const source = FILES_BY_PAGE[fileSlug || "index"] ?? `docs/${fileSlug}.md`;
  const target = join(dirname(source), path);
  if (Object.hasOwn(ROOT_PAGES, target)) return `${ROOT_PAGES[target]}.html${hash}`;
  if (Object.hasOwn(COPIED_FILES, target)) return COPIED_FILES[target];
  if (dirname(target) === "docs" && existsSync(target)) {
    return `${target.slice("docs/".length).replace(/\.md$/, ".html")}${hash}`;
  }
  throw new Error(`${source}: the site has no page for ${href}`);
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
  const image = renderer.rules.image;
  renderer.rules.link_open = (tokens, index, options, { page }, self) => {
    const token = tokens[index];
    token.attrSet("href", pageAddress(token.attrGet("href"), page.fileSlug));
    return self.renderToken(tokens, index, options);
  };
  renderer.rules.image = (tokens, index, options, env, self) => {
    const token = tokens[index];
    token.attrSet("src", pageAddress(token.attrGet("src"), env.page.fileSlug));
    return image(tokens, index, options, env, self);
  };
}

function entryOf(file, page) {
  return { address: `${page}.html`, title: titleOf(readFileSync(file, "utf8")) };
}

/** The guides of README under its headings. */
function groupsOf(readme) {
  const groups = [];
  for (const { groups: row } of readme.matchAll(ROW)) {
    if (row.heading !== undefined) groups.push({ heading: row.heading, entries: [] });
    else groups.at(-1)?.entries.push(entryOf(`docs/${row.name}.md`, row.name));
  }
  return groups;
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
  config.addPassthroughCopy({ "tools/site/site.css": "site.css", ...COPIED_FILES });
  config.addGlobalData("layout", "layout.njk");
  config.addGlobalData(
    "permalink",
    () =>
      ({ page }) =>
        `${page.fileSlug || "index"}.html`,
  );
  config.addGlobalData("eleventyComputed", () => ({ title: ({ page }) => titleOf(page.rawInput) }));
  config.addGlobalData("groups", [
    ...groupsOf(readme),
    {
      heading: "The project",
      entries: Object.entries(PROJECT_PAGES)
        .filter(([, page]) => page !== "index")
        .map(([file, page]) => entryOf(file, page)),
    },
  ]);
  return {
    dir: { input: "docs", includes: "../tools/site", output: "dist/site" },
    // The documents contain braces that a template engine would replace.
    markdownTemplateEngine: false,
    templateFormats: ["md"],
  };
}
