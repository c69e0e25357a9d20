import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "../temp-folder.ts";

const ROOT = join(import.meta.dir, "..", "..");
const LINK = /\b(?:href|src)="(?!\w+:)([^"#]*)(?:#([^"]*))?"/g;

describe("the documentation site", () => {
  const folder = tempFolder();
  const read = (name: string) => readFileSync(join(folder, name), "utf8");

  const execute = (script: string, ...args: string[]) => {
    const path = join(ROOT, "node_modules", script);
    const { exitCode, stderr } = Bun.spawnSync(["node", path, ...args], { cwd: ROOT });
    expect([exitCode, stderr.toString()]).toEqual([0, expect.any(String)]);
  };

  beforeAll(() => {
    const config = "--config=tools/site/eleventy.config.mjs";
    execute("@11ty/eleventy/cmd.cjs", config, "--quiet", `--output=${folder}`);
    execute("pagefind/lib/runner/bin.cjs", "--site", folder, "--silent");
  });

  test("has a page for each guide, with its title", () => {
    const guides = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
    for (const guide of guides) {
      const heading = /^# (.+)$/m.exec(readFileSync(join(ROOT, "docs", guide), "utf8"))?.[1];
      const title = heading?.replaceAll("`", "");
      expect(read(guide.replace(".md", ".html"))).toContain(`<title>${title} · chat</title>`);
    }
    expect(read("index.html")).toContain('src="session.svg"');
  });

  test("links only to pages, files and headings that exist", () => {
    const pages = readdirSync(folder).filter((name) => name.endsWith(".html"));
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(LINK)].flatMap(([, path = "", anchor]) => {
        const target = path === "" ? page : path;
        if (!existsSync(join(folder, target))) return [`${page}: ${target}`];
        if (anchor === undefined || read(target).includes(`id="${decodeURI(anchor)}"`)) return [];
        return [`${page}: ${target}#${anchor}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  test("links the document of the data folder instead of the front page", () => {
    expect(read("protocol.html")).toContain('href="data-folder.html"');
    for (const page of readdirSync(folder).filter((name) => name.endsWith(".html"))) {
      expect({ page, dead: read(page).includes("<a>") }).toEqual({ page, dead: false });
    }
  });

  test("says in the navigation for whom each group of guides is", () => {
    const [, navigation = ""] = /<nav\b(.*?)<\/nav>/s.exec(read("tour.html")) ?? [];
    const headings = [...navigation.matchAll(/<h2[^>]*>(\w+): /g)].map(([, name]) => name);
    expect(headings).toEqual(["Start", "Talk", "Run", "Trust", "Connect", "Reference"]);
    expect(navigation).toContain('<a href="tour.html" aria-current="page">');
  });

  test("has a search index", () => {
    expect(existsSync(join(folder, "pagefind", "pagefind-ui.js"))).toBe(true);
    expect(readdirSync(join(folder, "pagefind", "index")).length).toBeGreaterThan(0);
  });
});
