import { describe, expect, test } from "bun:test";
import { brotliCompressSync, constants } from "node:zlib";
import { localPage, namedPage, packPage, unpackPage } from "../../../src/cli/web/page.ts";
import { buildPage } from "../../../src/cli/web/page-build.ts";

const page = await buildPage({ small: false });
const MANIFEST = "/manifest.webmanifest";

describe("the built page", () => {
  test("refers only to its own assets, by names that contain a hash", () => {
    const html = Buffer.from(page.files.get("/")?.identity ?? []).toString();
    const references = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = ""]) => path);
    expect(references.length).toBeGreaterThan(1);
    for (const path of references) {
      expect([...page.files.keys()]).toContain(path);
      if (path === MANIFEST) continue;
      expect(path).toMatch(/^\/assets\/[\w-]+-[a-z0-9]{8}\.\w+$/);
    }
  });

  test("contains no inline code that its policy forbids", () => {
    const html = Buffer.from(page.files.get("/")?.identity ?? []).toString();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/);
  });

  const wireBytes = (path: string): number => {
    const bytes = page.files.get(path)?.identity ?? new Uint8Array();
    const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
    return brotliCompressSync(bytes, { params }).length;
  };

  test("needs at most 190 kB on the wire before it can be used", () => {
    const html = Buffer.from(page.files.get("/")?.identity ?? []).toString();
    const first = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = ""]) => path);
    const sizes = ["/", ...first.filter((path) => path !== MANIFEST)].map(wireBytes);
    expect(first.filter((path) => !page.files.has(path))).toEqual([]);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(190_000);
  });

  const scripts = new Map(
    [...page.files]
      .filter(([path]) => path.endsWith(".js"))
      .map(([path, { identity }]) => [path, Buffer.from(identity).toString()]),
  );

  test("needs four files before it can be used, because each six take a round trip", () => {
    const html = Buffer.from(page.files.get("/")?.identity ?? []).toString();
    const first = [...html.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map(([, path]) => path);
    expect(first).toHaveLength(4);
    const imported = first.flatMap((path = "") =>
      [...(scripts.get(path) ?? "").matchAll(/(?:from|import)\s*"([^"]+)"/g)].map(([, it]) => it),
    );
    expect(imported.filter((path) => !first.includes(path))).toEqual([]);
  });

  test("names only files that exist", () => {
    const names = [...scripts].flatMap(([path, text]) =>
      [...text.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, name = ""]) => `${name} in ${path}`),
    );
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !page.files.has(name.split(" ")[0] ?? ""))).toEqual([]);
  });

  test("loads the curve of short codes only to link a device", () => {
    const texts = [...page.files].map(
      ([path, { identity }]) => [path, Buffer.from(identity).toString()] as const,
    );
    const holders = texts.filter(([, text]) => text.includes("CPaceRistretto255_ISK"));
    expect(holders).toHaveLength(1);
    const name = holders[0]?.[0].split("/").at(-1) ?? "";
    const eager = new RegExp(`(?:from|import)\\s*"[^"]*${RegExp.escape(name)}"`);
    expect(texts.filter(([, text]) => eager.test(text)).map(([path]) => path)).toEqual([]);
  });

  test("needs at most 61 kB more for a sealed room", () => {
    const parts = [...page.files.keys()].filter((path) => path.includes("sealed-module"));
    const [sizeBytes = 0, ...others] = parts.map(wireBytes);
    expect(others).toEqual([]);
    expect(sizeBytes).toBeGreaterThan(10_000);
    expect(sizeBytes).toBeLessThanOrEqual(61_000);
  });

  test("is installed under its server's name, with icons that are there", () => {
    const named = namedPage(page, "Room 12;\u202e <b>");
    const { type, identity } = named.files.get(MANIFEST) ?? {};
    expect(type).toBe("application/manifest+json");
    const { name, icons, ...others } = JSON.parse(Buffer.from(identity ?? []).toString());
    expect(name).toBe("Room 12,<U+202E> <b>");
    expect(others).toMatchObject({ id: "/", start_url: "/", scope: "/", display: "standalone" });
    expect(icons.map(({ purpose }: { purpose: string }) => purpose)).toContain("maskable");
    for (const { src, sizes } of icons) {
      const png = page.files.get(src)?.identity ?? new Uint8Array(24);
      const head = new DataView(png.buffer, png.byteOffset);
      expect(`${head.getUint32(16)}x${head.getUint32(20)}`).toBe(sizes);
    }
    expect(named.build).toBe(page.build);
  });

  test("is marked as local, without a build", () => {
    const local = localPage(page);
    const html = Buffer.from(local.files.get("/")?.identity ?? []).toString();
    expect(html).toContain('<html lang="en" data-build="" data-local="true">');
    expect(html).not.toContain(MANIFEST);
    expect(local.files.get("/")?.sha256).not.toBe(page.files.get("/")?.sha256);
    expect(local.files.size).toBe(page.files.size);
  });

  test("is unpacked unchanged", () => {
    const unpacked = unpackPage(packPage(page));
    expect(unpacked.build).toBe(page.build);
    expect([...unpacked.files]).toEqual(
      [...page.files].map(([path, file]) => [
        path,
        { ...file, identity: new Uint8Array(file.identity) },
      ]),
    );
  });
});
