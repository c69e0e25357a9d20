/** Guides as web pages of the server, below /help. */

import { createHash } from "node:crypto";
import { brotliCompressSync, constants } from "node:zlib";
import { utf8Encode } from "../../base/bytes.ts";
import type { StaticFile } from "../../server/http/static.ts";
import { type Guide, loadGuides, withGuideLinks } from "../guides.ts";

const STYLE_PATH = "/help/style.css";
/** The highest quality would stop the server for 50 ms at the first request for a page. */
const COMPRESSION = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/** Loads the guides at the first request, and renders each page at its first. */
export class GuidePages {
  #guides: Promise<readonly Guide[]> | undefined;
  readonly #files = new Map<string, StaticFile>();

  constructor(private readonly load: () => Promise<readonly Guide[]> = loadGuides) {}

  /** @param path below /help; a page is found with and without a slash at its end */
  async file(path: string): Promise<StaticFile | undefined> {
    const key = path.replace(/\/$/, "");
    const known = this.#files.get(key);
    if (known !== undefined) return known;
    this.#guides ??= this.load();
    const file = render(key, await this.#guides);
    if (file !== undefined) this.#files.set(key, file);
    return file;
  }
}

function render(path: string, guides: readonly Guide[]): StaticFile | undefined {
  if (guides.length === 0) return undefined;
  if (path === "/help") return htmlFile("Guides", listHtml(guides));
  if (path === STYLE_PATH) return staticFile("text/css; charset=utf-8", STYLE);
  const guide = guides.find(({ name }) => path === `/help/${name}`);
  return guide && htmlFile(guide.title, guideHtml(guide, guides));
}

function guideHtml(guide: Guide, guides: readonly Guide[]): string {
  const markdown = withGuideLinks(guide, guides, (name, hash) => {
    // GitHub makes an anchor with several hyphens from `--json`, the renderer with one.
    const anchor = hash.replaceAll(/-+/g, "-");
    return name === "" ? anchor : `/help/${name}${anchor}`;
  });
  return Bun.markdown.html(markdown, { headings: { ids: true } });
}

function listHtml(guides: readonly Guide[]): string {
  const groups = [...Map.groupBy(guides, ({ group }) => group)].map(([group, entries]) => {
    const items = entries.map(
      ({ name, title, about }) =>
        `<li><a href="/help/${name}">${Bun.escapeHTML(title)}</a>: ${Bun.escapeHTML(about)}</li>`,
    );
    return `<h2>${Bun.escapeHTML(group)}</h2>\n<ul>\n${items.join("\n")}\n</ul>`;
  });
  return `<h1>Guides</h1>\n${groups.join("\n")}`;
}

function htmlFile(title: string, body: string): StaticFile {
  return staticFile(
    "text/html; charset=utf-8",
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${Bun.escapeHTML(title)} · chat</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${STYLE_PATH}">
<nav><a href="/">Open the chat</a> <a href="/help">All guides</a></nav>
<main>
${body}
</main>
</html>
`,
  );
}

function staticFile(type: string, text: string): StaticFile {
  const identity = utf8Encode(text);
  const sha256 = createHash("sha256").update(identity).digest("hex");
  return { type, identity, br: brotliCompressSync(identity, COMPRESSION), sha256 };
}

const STYLE = `:root { color-scheme: light dark; --border: light-dark(#d1d9e0, #3d444d);
  --panel: light-dark(#f6f8fa, #161b22); }
body { max-width: 48rem; margin: 0 auto; padding: 0 1rem 4rem; overflow-wrap: break-word;
  color: light-dark(#1f2328, #e6edf3); background: light-dark(#fff, #0d1117);
  font: 1rem/1.6 system-ui, sans-serif; }
a { color: light-dark(#0550ae, #79b8ff); }
nav { display: flex; flex-wrap: wrap; gap: 0 1.5rem; padding: 0.5rem 0;
  border-bottom: 1px solid var(--border); }
nav a { padding: 0.5rem 0; }
pre, code { font-family: ui-monospace, monospace; font-size: 0.875em; background: var(--panel); }
pre { padding: 1rem; overflow-x: auto; border: 1px solid var(--border); border-radius: 6px; }
pre code { font-size: inherit; }
table { display: block; overflow-x: auto; border-collapse: collapse; }
th, td { padding: 0.375rem 0.75rem; text-align: left; vertical-align: top;
  border: 1px solid var(--border); }
@media print { nav { display: none; } }
`;
