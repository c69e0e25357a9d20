import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buildLicenses, bundledFolders, licenseTextIn } from "../../src/cli/licenses.ts";

test("every package that is bundled has its licence, with its words", async () => {
  const licenses = await buildLicenses();
  const folders = await bundledFolders();
  expect(folders.length).toBeGreaterThan(20);
  expect(licenses.map(({ name }) => basename(name))).toEqual([
    "chat",
    "bun",
    ...folders.map((folder) => basename(folder)),
  ]);
  for (const { name, version, license, text } of licenses) {
    const isTold = /permission|licen[cs]e/i.test(text) && text.length > 200;
    expect([name, version, license, isTold]).toEqual([
      name,
      expect.stringMatching(/^\d/),
      expect.stringMatching(/^[\w.-]+$/),
      true,
    ]);
  }
});

test("the runtime's notice names what is linked into it", async () => {
  const bun = (await buildLicenses()).find(({ name }) => name === "bun");
  expect(bun?.version).toBe(Bun.version);
  for (const name of ["JavaScriptCore", "boringssl", "LGPL"]) expect(bun?.text).toContain(name);
  expect(bun?.text).not.toContain("---\ntitle");
});

test("a package without a licence stops the build", () => {
  const folder = mkdtempSync(join(tmpdir(), "chat-licenses-"));
  try {
    mkdirSync(join(folder, "lib"));
    writeFileSync(join(folder, "README.md"), "MIT");
    expect(() => licenseTextIn(folder)).toThrow("carries no licence");
    writeFileSync(join(folder, "LICENSE"), " \n");
    expect(() => licenseTextIn(folder)).toThrow("carries no licence");
    writeFileSync(join(folder, "LICENCE.md"), "Permission is granted\n");
    expect(licenseTextIn(folder)).toBe("Permission is granted\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
