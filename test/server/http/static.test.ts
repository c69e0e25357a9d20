import { expect, test } from "bun:test";
import { httpHandler } from "../../../src/server/http/handler.ts";
import type { StaticFile, StaticPage } from "../../../src/server/http/static.ts";

const REMOTE = { host: "10.0.0.9", port: 40_000 };
const bytes = (text: string) => new TextEncoder().encode(text);
const file = (type: string, text: string): StaticFile => ({
  type,
  identity: bytes(text),
  br: bytes("br"),
  sha256: "ab".repeat(32),
});
const PAGE: StaticPage = {
  build: "b1",
  files: new Map([
    ["/", file("text/html; charset=utf-8", "<!doctype html>")],
    ["/assets/page-1.js", file("text/javascript; charset=utf-8", "let x;")],
    ["/assets/dot-1.png", { type: "image/png", identity: bytes("png"), sha256: "cd".repeat(32) }],
  ]),
};
const handle = httpHandler({ name: "x", port: () => 2428, fingerprint: "SHA256:x", page: PAGE });
const fetchPath = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  handle(
    new Request(`https://chat.example${path}`, {
      method,
      headers: { host: "chat.example", ...headers },
    }),
    REMOTE,
  );

test("revalidates the page, and caches its assets", async () => {
  const page = await fetchPath("/");
  expect(await page.text()).toBe("<!doctype html>");
  expect(page.headers.get("cache-control")).toBe("no-cache");
  const asset = await fetchPath("/assets/page-1.js");
  expect(asset.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
});

test.each([
  [undefined, null, "let x;"],
  ["br, gzip", "br", "br"],
  ["gzip;q=1.0, br;q=0", null, "let x;"],
  ["br;q=0.000, GZIP ; q=0.5", null, "let x;"],
  ["gzip, BR ; q=0.5", "br", "br"],
  ["zstd, *", null, "let x;"],
])("with Accept-Encoding %p comes as %p", async (accepted, coding, text) => {
  const headers: Record<string, string> =
    accepted === undefined ? {} : { "accept-encoding": accepted };
  const response = await fetchPath("/assets/page-1.js", headers);
  expect(response.headers.get("content-encoding")).toBe(coding);
  expect(response.headers.get("vary")).toBe("accept-encoding");
  expect(await response.text()).toBe(text);
  expect(response.headers.get("content-length")).toBe(String(text.length));
});

test("sends uncompressed files unchanged", async () => {
  const response = await fetchPath("/assets/dot-1.png", { "accept-encoding": "br" });
  expect(response.headers.get("content-encoding")).toBeNull();
  expect(await response.text()).toBe("png");
});

test("answers 304 for a known ETag", async () => {
  const etag = (await fetchPath("/", { "accept-encoding": "br" })).headers.get("etag") ?? "";
  expect(etag).toMatch(/^"[0-9a-f]{32}-br"$/);
  for (const known of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
    const again = await fetchPath("/", { "accept-encoding": "br", "if-none-match": known });
    expect([known, again.status, await again.text()]).toEqual([known, 304, ""]);
  }
  expect((await fetchPath("/", { "if-none-match": etag })).status).toBe(200);
  expect((await fetchPath("/", { "if-none-match": '"x"' })).status).toBe(200);
});

test("answers HEAD without content", async () => {
  const response = await fetchPath("/", { "accept-encoding": "br" }, "HEAD");
  expect([response.status, await response.text()]).toEqual([200, ""]);
  expect(response.headers.get("content-length")).toBe("2");
  expect(response.headers.get("etag")).toContain("-br");
});

test.each([
  ["/assets/", "GET", 404],
  ["/assets/../", "GET", 200],
  ["/assets/page-2.js", "GET", 404],
  ["/assets/page-1.js", "POST", 405],
  ["/healthz", "GET", 200],
  ["/files/AAAAAAAAAAAAAAAAAAAAAA", "GET", 404],
])("%s by %s: %i", async (path, method, status) => {
  const response = await fetchPath(path, {}, method);
  expect(response.status).toBe(status);
  expect(response.headers.get("allow")).toBe(status === 405 ? "GET, HEAD" : null);
});

test("runs only the page's own scripts, whatever is requested", async () => {
  for (const path of ["/", "/assets/page-1.js", "/nothing"]) {
    const { headers } = await fetchPath(path);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toStartWith("default-src 'none'; script-src 'self'; style-src 'self'; ");
    expect(policy).toContain("connect-src 'self' ws://chat.example wss://chat.example;");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(headers.get("set-cookie")).toBeNull();
    expect(headers.get("access-control-allow-origin")).toBeNull();
  }
});

test("puts no malformed Host into a header", async () => {
  const { headers } = await fetchPath("/", { host: "x; script-src *" });
  expect(headers.get("content-security-policy")).toContain("connect-src 'self';");
});
