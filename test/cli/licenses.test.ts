import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildLicenses, licenseTextIn } from "../../src/cli/licenses.ts";
import { tempFolder } from "../temp-folder.ts";

test("every bundled package has a licence with its text", async () => {
  const licenses = await buildLicenses();
  const names = licenses.map(({ name }) => name);
  expect(names.length).toBeGreaterThan(22);
  expect(names.slice(0, 2)).toEqual(["chat", "bun"]);
  for (const name of ["preact", "msgpackr", "ts-mls"]) expect(names).toContain(name);
  for (const { name, version, license, text } of licenses) {
    const hasText = /permission|licen[cs]e/i.test(text) && text.length > 200;
    expect([name, version, license, hasText]).toEqual([
      name,
      expect.stringMatching(/^\d/),
      expect.stringMatching(/^[\w.-]+$/),
      true,
    ]);
  }
  const bun = licenses[1];
  expect(bun?.version).toBe(Bun.version);
  for (const name of ["JavaScriptCore", "boringssl", "LGPL"]) expect(bun?.text).toContain(name);
  expect(bun?.text).not.toContain("---\ntitle");
});

test("a package without a licence stops the build", () => {
  const folder = tempFolder();
  mkdirSync(join(folder, "lib"));
  writeFileSync(join(folder, "README.md"), "MIT");
  expect(() => licenseTextIn(folder)).toThrow("contains no licence file");
  writeFileSync(join(folder, "LICENSE"), " \n");
  expect(() => licenseTextIn(folder)).toThrow("contains no licence file");
  writeFileSync(join(folder, "LICENCE.md"), "Permission is granted\n");
  expect(licenseTextIn(folder)).toBe("Permission is granted\n");
});
