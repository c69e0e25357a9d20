import { expect, test } from "bun:test";
import { findGuide, guideList, guideText, typedName } from "../../src/cli/guide-text.ts";
import { buildGuides, type Guide, loadGuides } from "../../src/cli/guides.ts";
import { GuidePages } from "../../src/cli/web/guide-pages.ts";
import { VERBS } from "../../src/commands/table.ts";
import { GUIDES } from "../guides.ts";

const guides = buildGuides();
const commands = Object.keys(VERBS);

async function htmlOf(path: string): Promise<string> {
  const file = await pages.file(path);
  return Buffer.from(file?.identity ?? []).toString();
}

const pages = new GuidePages();

test("all guides of README and SECURITY are in the program", async () => {
  const paths = guides.map(({ name }) => (name === "security" ? "SECURITY.md" : `docs/${name}.md`));
  expect(paths.toSorted()).toEqual(
    [...GUIDES.filter((path) => path !== "README.md"), "SECURITY.md"].toSorted(),
  );
  expect(await loadGuides()).toEqual(guides);
  for (const { title, about, group } of guides) {
    for (const text of [title, about, group]) expect(text).toMatch(/^[^|*\n]+$/);
  }
});

test("guides are found by name and by file", () => {
  for (const typed of ["backup.md", "docs/backup.md", "BACKUP", "backup"]) {
    expect(findGuide(typed, guides)?.name).toBe("backup");
  }
  for (const typed of ["", ".md", "backups", "../backup", "docs", "__proto__"]) {
    expect(findGuide(typed, guides)).toBeUndefined();
  }
});

test("a guide with the name of a command is listed by its file", () => {
  expect([typedName("backup", commands), typedName("class", commands)]).toEqual([
    "backup.md",
    "class",
  ]);
  const list = guideList(guides, commands);
  expect(list).toMatch(/^ {2}backup\.md +backups, restores, upgrades$/m);
  for (const line of list.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

test("text for a terminal is wrapped, and its links are commands", () => {
  const install = findGuide("install", guides) as Guide;
  const plain = guideText(install, guides, { columns: 60, color: false, commands });
  expect(plain).not.toMatch(/[^\x20-\x7e\n]/);
  expect(plain).toMatch(/\(chat help\s+backup\.md\)/);
  expect(plain).not.toContain("../README.md");
  const prose = plain.split("\n").filter((line) => !line.startsWith("| ") && !line.includes("://"));
  expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(60);
  const color = guideText(install, guides, { columns: 60, color: true, commands });
  expect(color).toContain("\x1b[1m");
});

test("pages have no scripts, styles or broken links", async () => {
  const ids = new Map<string, Set<string>>([["/help", new Set()]]);
  const html = new Map<string, string>();
  for (const { name } of guides) {
    const text = await htmlOf(`/help/${name}`);
    html.set(name, text);
    ids.set(
      `/help/${name}`,
      new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id = ""]) => id)),
    );
    expect(text).not.toMatch(/<script|<style| style=| on\w+=|javascript:|<img/i);
  }
  html.set("", await htmlOf("/help"));
  const broken: string[] = [];
  for (const [name, text] of html) {
    for (const [, href = ""] of text.matchAll(/<a href="([^"]+)"/g)) {
      if (/^(https?:|mailto:)/.test(href) || href === "/") continue;
      const [path = "", hash] = href.split("#");
      const found = ids.get(path === "" ? `/help/${name}` : path);
      if (found === undefined || (hash !== undefined && !found.has(hash))) {
        broken.push(`${name}: ${href}`);
      }
    }
  }
  expect(broken).toEqual([]);
});

test("only the guides have pages", async () => {
  expect(await htmlOf("/help/")).toContain("<h1>Guides</h1>");
  expect(await htmlOf("/help/class/")).toContain("A class");
  expect((await pages.file("/help/style.css"))?.type).toBe("text/css; charset=utf-8");
  for (const path of ["/help/x", "/help/README", "/help/..", "/helpclass", "/", "/help/class/x"]) {
    expect(await pages.file(path)).toBeUndefined();
  }
  const none = new GuidePages(() => Promise.resolve([]));
  expect(await none.file("/help")).toBeUndefined();
});
