import { describe, expect, test } from "bun:test";
import { httpHandler } from "../../src/server/http.ts";

const handle = httpHandler({
  name: `<b>"Room" & 'co'</b>`,
  port: () => 2428,
  fingerprint: "SHA256:x",
});
const ask = (path: string, method = "GET") =>
  handle(new Request(`https://chat.example:2428${path}`, { method }));

describe("what a browser gets", () => {
  test("the page says how to come in, and nothing of it runs", async () => {
    const response = ask("/");
    const page = await response.text();
    expect(response.headers.get("content-type")).toContain("text/html");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(page).toContain("chat join chat.example --user");
    expect(page).toContain("SHA256:x");
    expect(page).not.toContain("<b>");
    expect(page).not.toContain(`"Room"`);
    const other = httpHandler({ name: "x", port: () => 1234, fingerprint: "x" });
    const elsewhere = await other(new Request("https://chat.example:1234/")).text();
    expect(elsewhere).toContain("chat join chat.example:1234 --user");
  });

  test.each([
    ["/healthz", "GET", 200],
    ["/", "HEAD", 200],
    ["/", "POST", 405],
    ["/data/identity.key", "GET", 404],
    ["//", "GET", 404],
    ["/../../etc/passwd", "GET", 404],
  ])("%s by %s: %i", (path, method, status) => {
    const response = ask(path, method);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(response.headers.get("cache-control")).toBe("no-store");
  });
});
