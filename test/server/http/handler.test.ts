import { expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import {
  GUESS_DELAY_FIRST_MS,
  GUESSES_FREE,
  HTTP_POST_KEY_BYTES_MAX,
  HTTP_POSTS_BURST,
  HTTP_POSTS_PER_SECOND,
  TEXT_BYTES_MAX,
  WEBHOOK_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { RefusedByNats } from "../../../src/io/cluster/majority.ts";
import { httpHandler, startPageHandler } from "../../../src/server/http/handler.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { type SiteOptions, siteWith } from "../site.ts";

const REMOTE = { host: "10.0.0.9", port: 40_000 };
const handle = httpHandler({
  name: `<b>"Room" & 'co'</b>`,
  port: () => 2428,
  fingerprint: "SHA256:x",
});
const fetchPath = (path: string, method = "GET") =>
  handle(new Request(`https://chat.example:2428${path}`, { method }), REMOTE);

const serviceTest = fixtureTest(() => openService());

test("serves a page with instructions and without scripts", async () => {
  const response = await fetchPath("/");
  const page = await response.text();
  expect(response.headers.get("content-type")).toContain("text/html");
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  expect(page).toContain("chat join chat.example --user");
  expect(page).toContain("SHA256:x");
  expect(page).not.toContain("<b>");
  expect(page).not.toContain(`"Room"`);
  const other = httpHandler({ name: "x", port: () => 1234, fingerprint: "x" });
  const elsewhere = await other(new Request("https://chat.example:1234/"), REMOTE);
  expect(await elsewhere.text()).toContain("chat join chat.example:1234 --user");
});

test("serves guides to everybody, with caching, and instead of a room of that name", async () => {
  const identity = Buffer.from("<h1>A class</h1>");
  const guide = { type: "text/html; charset=utf-8", identity, sha256: "a".repeat(64) };
  const guides = { file: async (path: string) => (path === "/help/class" ? guide : undefined) };
  const page = { build: "", files: new Map() };
  const site = httpHandler({ name: "x", port: () => 1, fingerprint: "x", guides, page });
  const ask = (path: string, init: RequestInit = {}) =>
    site(new Request(`https://x:1${path}`, init), REMOTE);
  const found = await ask("/help/class", { headers: { accept: "text/html" } });
  expect(await found.text()).toBe("<h1>A class</h1>");
  const header = (name: string) => found.headers.get(name) ?? "";
  expect(header("content-security-policy")).toContain("script-src 'self'");
  expect(header("cache-control")).toBe("public, max-age=600");
  const known = { headers: { "if-none-match": header("etag") } };
  expect((await ask("/help/class", known)).status).toBe(304);
  expect((await ask("/help/class", { method: "POST" })).status).toBe(405);
  for (const path of ["/help/nope", "/help/a/b", "/help/%2e%2e/x", `/help/${"x".repeat(65)}`]) {
    expect((await ask(path)).status).toBe(404);
  }
});

test.each([
  ["/healthz", "GET", 200],
  ["/", "HEAD", 200],
  ["/", "POST", 405],
  ["/../../etc/passwd", "GET", 404],
  ["/metrics", "GET", 404],
])("%s by %s: %i", async (path, method, status) => {
  const response = await fetchPath(path, method);
  expect(response.status).toBe(status);
  expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(response.headers.get("access-control-allow-origin")).toBeNull();
});

test.each([
  ["/lobby", 303, "/#/lobby"],
  ["/lobby/", 303, "/#/lobby"],
  ["/lobby/184", 303, "/#/lobby/184"],
  ["/@ana", 303, "/#/@ana"],
  ["/%40ana", 303, "/#/@ana"],
  ["/homework@ana", 303, "/#/homework@ana"],
  ["/a/b", 404, null],
  ["/184", 404, null],
  ["/@home@ana", 404, null],
  ["//evil.example", 404, null],
  ["/%3Cb%3E", 404, null],
])("answers a browser at %s with %i", async (path, status, location) => {
  const site = httpHandler({
    name: "x",
    port: () => 1,
    fingerprint: "x",
    page: { build: "", files: new Map() },
  });
  const url = `https://chat.example${path}`;
  const response = await site(new Request(url, { headers: { accept: "text/html,*/*" } }), REMOTE);
  expect([response.status, response.headers.get("location")]).toEqual([status, location]);
  if (status === 404) expect(await response.text()).toContain('<a href="/">Open the chat</a>');
  const program = await site(new Request(url), REMOTE);
  expect([program.status, await program.text()]).toEqual([404, "Not found.\n"]);
});

test("leads from plain HTTP to the room of the typed address", async () => {
  const start = startPageHandler({ name: "x", port: 2428, hasRoot: () => true });
  const pageAt = (path: string) => start(new Request(`http://chat.example${path}`)).text();
  expect(await pageAt("/lobby")).toContain('<a href="https://chat.example:2428/#/lobby">Open<');
  expect(await pageAt("/")).toContain('<a href="https://chat.example:2428/">Open<');
  expect(await pageAt("/%22%3E")).toContain('<a href="https://chat.example:2428/">Open<');
});

test("reports the fault at /healthz without naming servers", async () => {
  const fault = new Fault("no-majority", "2 of 3 NATS servers do not answer: nats://10.0.0.2:4222");
  let health: Fault | undefined = fault;
  const site = httpHandler({ name: "x", port: () => 1, fingerprint: "x", health: () => health });
  const fetchHealth = () => site(new Request("https://chat.example/healthz"), REMOTE);
  const ill = await fetchHealth();
  expect([ill.status, await ill.text()]).toEqual([503, "no-majority\n"]);
  health = new RefusedByNats({ message: "the NATS credentials have expired", remedy: "renew" });
  expect(await (await fetchHealth()).text()).toBe(
    "no-majority: the NATS credentials have expired\n",
  );
  health = undefined;
  const well = await fetchHealth();
  expect([well.status, await well.text()]).toEqual([200, "ok\n"]);
  // The page at another address of the server checks that the browser trusts this one.
  expect(well.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
});

test.each([
  ["/healthz", {}, 200],
  ["/healthz", { host: "a;b *" }, 400],
  ["http://a%zz/healthz", { host: "a%zz" }, 400],
])("%s with a malformed Host %j: %i", async (url, headers, status) => {
  const request = new Request("http://chat.example/", { headers });
  Object.defineProperty(request, "url", { value: url });
  expect((await handle(request, REMOTE)).status).toBe(status);
});

type Headers = Readonly<Record<string, string>>;

const JSON_TYPE = { "content-type": "application/json" };

async function openService(options: SiteOptions = {}) {
  const { site, ana } = await siteWith(["ana"], { operatorToken: "operator-token", ...options });
  await ana.request("join", { room: "build", create: true });
  const { token } = await ana.request("invite", { post: "build" });
  const send = (path: string, init: RequestInit, host = REMOTE.host) =>
    site.fetch(path, init, host);
  const post = async (
    body: string | Uint8Array<ArrayBuffer>,
    more: Headers = {},
    room = "build",
  ): Promise<[number, Record<string, unknown>]> => {
    const headers = { authorization: `Bearer ${token}`, ...more };
    const response = await site.wait(send(`/rooms/${room}`, { method: "POST", body, headers }));
    return [response.status, (await response.json()) as Record<string, unknown>];
  };
  return { site, ana, token, send, post };
}

test("answers 429 without a retry time at the daily limit of a token", async () => {
  const { ana, post } = await openService({ textsBytesPerDay: 100_000 });
  // The limit also applies to the token of an operator.
  await ana.request("operate", { token: "operator-token" });
  expect((await post("x".repeat(60_000)))[0]).toBe(200);
  expect((await post("x".repeat(60_000)))[0]).toBe(200);
  const [status, answer] = await post("x");
  expect([status, answer]).toEqual([
    429,
    {
      code: "texts-limit",
      message: expect.any(String),
      remedy: expect.stringMatching(/^try again in/),
    },
  ]);
});

test("charges a token once for a message that is sent again or refused before", async () => {
  const { site, post } = await openService({ textsBytesPerDay: 100_000 });
  const key = { "idempotency-key": "build 7" };
  const half = "x".repeat(50_000);
  site.trouble = (call) => (call === "write" ? "ENOSPC" : undefined);
  for (let i = 0; i < 3; i++) expect((await post(half, key))[0]).toBe(503);
  site.trouble = () => undefined;
  const first = await post(half, key);
  expect(first[0]).toBe(200);
  for (let i = 0; i < 3; i++) expect(await post(half, key)).toEqual(first);
  expect((await post(half, { "idempotency-key": "build 8" }))[0]).toBe(200);
  expect((await post("x"))[0]).toBe(429);
  // The limit does not apply to a message that is recorded.
  expect(await post(half, key)).toEqual(first);
});

serviceTest("records one message by the creator of the token", async (service) => {
  const [status, answer] = await service.post("build done\n");
  expect(status).toBe(200);
  await service.site.quiet();
  const record = service.ana.records.at(-1);
  expect(record).toMatchObject({ from: "ana", body: { text: "build done" } });
  expect(answer).toEqual({ seq: record?.head.seq ?? 0 });
  expect((await service.post("again", {}, "BUILD"))[0]).toBe(200);
  await service.site.restart();
  const again = await service.site.again(service.ana, "ana");
  expect(again.texts()).toEqual(["build done", "again"]);
});

serviceTest("recognises an idempotency key after a restart", async (service) => {
  const key = { "idempotency-key": "build 7" };
  const first = await service.post("one", key);
  await service.site.restart();
  expect(await service.post("one", key)).toEqual(first);
  const again = await service.site.again(service.ana, "ana");
  expect(again.texts()).toEqual(["one"]);
});

serviceTest("does not show the creator of the token as online", async (service) => {
  const { site, ana } = service;
  const ben = await site.member("ben");
  ana.hangUp();
  await site.quiet();
  expect((await service.post("still here"))[0]).toBe(200);
  const { users } = await ben.request("who", {});
  expect(users.find(({ user }) => user === "ana")?.online).toBe(false);
  expect(ben.all("presence").filter(({ user, online }) => user === "ana" && online)).toEqual([]);
});

const text = (length: number) => "x".repeat(length);
const longest = text(TEXT_BYTES_MAX);
test.each<[string, string | Uint8Array<ArrayBuffer>, Headers, string, number]>([
  ["no token", "hi", { authorization: "" }, "build", 401],
  ["a wrong token", "hi", { authorization: "Bearer tAAAAAAAAAAAAAAAAAAAAAA" }, "build", 401],
  ["a room it is not for", "hi", {}, "lobby", 403],
  ["a room that is not", "hi", {}, "cellar", 404],
  ["no room's name", "hi", {}, "a%20b", 404],
  ["a text at the bound", `${longest}\r\n`, {}, "build", 200],
  ["a text beyond it", `${longest}x`, {}, "build", 413],
  ["an empty line", "\n", {}, "build", 400],
  ["bad UTF-8", Uint8Array.of(0x61, 0xc3), {}, "build", 400],
  ["UTF-8 by name", "hi", { "content-type": "text/plain; charset=UTF-8" }, "build", 200],
  ["JSON without a text", "{}", JSON_TYPE, "build", 400],
  ["JSON", '{"text":"hi"}', { "content-type": "application/json; charset=utf-8" }, "build", 200],
  ["JSON too deep", "[".repeat(200_000), JSON_TYPE, "build", 400],
  ["JSON too long", " ".repeat(WEBHOOK_BYTES_MAX + 1), JSON_TYPE, "build", 413],
  ["XML", "<a/>", { "content-type": "application/xml" }, "build", 415],
  ["Latin-1", "x", { "content-type": "text/plain; charset=latin1" }, "build", 415],
  ["packed", "x", { "content-encoding": "gzip" }, "build", 415],
  ["a long key", "x", { "idempotency-key": text(HTTP_POST_KEY_BYTES_MAX + 1) }, "build", 400],
  ["a key at the bound", "x", { "idempotency-key": text(HTTP_POST_KEY_BYTES_MAX) }, "build", 200],
])("%s: %i", async (_name, body, headers, room, status) => {
  const service = await openService();
  const [got, answer] = await service.post(body, headers, room);
  expect([got, answer]).toEqual([status, expect.anything()]);
  expect(Object.keys(answer)).toEqual(status === 200 ? ["seq"] : ["code", "message", "remedy"]);
  await service.site.quiet();
  expect(service.ana.texts()).toHaveLength(status === 200 ? 1 : 0);
});

serviceTest("refuses a revoked token, an author who left, and other methods", async (service) => {
  const { site, ana } = service;
  const got = await site.wait(service.send("/rooms/build", { method: "PUT" }));
  expect([got.status, got.headers.get("allow")]).toEqual([405, "GET, HEAD, POST"]);
  const { invites } = await ana.request("invites", {});
  await ana.request("topic", { room: "build", topic: "kept without members" });
  await ana.request("leave", { room: "build" });
  expect(await service.post("gone")).toEqual([
    403,
    expect.objectContaining({ code: "not-member" }),
  ]);
  await ana.request("join", { room: "build" });
  await ana.request("invite-revoke", { invite: invites[0]?.invite ?? "" });
  expect((await service.post("gone"))[0]).toBe(401);
});

test.each(["renamed", "revoked"] as const)(
  "posts nothing if the room or its token is %s while the body arrives",
  async (change) => {
    const { site, ana, token, send } = await openService();
    const headers = { authorization: `Bearer ${token}` };
    let finish = () => {};
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(utf8Encode("not for "));
        finish = () => {
          controller.enqueue(utf8Encode("everyone"));
          controller.close();
        };
      },
    });
    const response = send("/rooms/build", { method: "POST", body, headers });
    await site.quiet();
    if (change === "renamed") {
      await ana.request("operate", { token: "operator-token" });
      await ana.request("rename", { room: "build", to: "former" });
      await ana.request("join", { room: "other", create: true });
      await ana.request("rename", { room: "other", to: "build" });
    } else {
      const { invites } = await ana.request("invites", {});
      await ana.request("invite-revoke", { invite: invites[0]?.invite ?? "" });
    }
    finish();
    expect((await site.wait(response)).status).toBe(change === "renamed" ? 403 : 401);
    await site.quiet();
    expect(ana.texts()).toEqual([]);
  },
);

serviceTest("records one message per key and accepts a refused one again", async (service) => {
  const key = { "idempotency-key": "build 7" };
  const both = await Promise.all([service.post("one", key), service.post("one", key)]);
  expect(both[0]).toEqual(both[1]);
  expect(await service.post("one", key)).toEqual(both[0]);
  expect((await service.post("two", { "idempotency-key": "build 8" }))[1]).not.toEqual(both[0][1]);
  const third = { "idempotency-key": "build 9" };
  service.site.trouble = (call) => (call === "write" ? "ENOSPC" : undefined);
  expect((await service.post("three", third))[0]).toBe(503);
  service.site.trouble = () => undefined;
  expect((await service.post("three", third))[0]).toBe(200);
  await service.site.quiet();
  expect(service.ana.texts()).toEqual(["one", "two", "three"]);
  service.site.trouble = (call) => (call === "sync" ? "EIO" : undefined);
  expect((await service.post("four"))[0]).toBe(500);
});

serviceTest("refuses posts beyond the burst with a retry time", async (service) => {
  service.site.isTight = true;
  const outcomes = [];
  for (let i = 0; i < HTTP_POSTS_BURST + 1; i++) outcomes.push(service.post(`${i}`));
  const statuses = (await Promise.all(outcomes)).map(([status]) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(HTTP_POSTS_BURST);
  expect(statuses.at(-1)).toBe(429);
  service.site.isTight = false;
  await service.site.time.advance(1_000);
  const more = Array.from({ length: HTTP_POSTS_PER_SECOND + 2 }, () => service.post("more"));
  const taken = (await Promise.all(more)).filter(([status]) => status === 200).length;
  expect([HTTP_POSTS_PER_SECOND, HTTP_POSTS_PER_SECOND + 1]).toContain(taken);
});

serviceTest("delays only wrong tokens of an address", async (service) => {
  const { site } = service;
  const wrong = { authorization: "Bearer tAAAAAAAAAAAAAAAAAAAAAA" };
  for (let i = 0; i < GUESSES_FREE; i++) expect((await service.post("x", wrong))[0]).toBe(401);
  const before = site.clock.now();
  expect((await service.post("x", wrong))[0]).toBe(401);
  expect(site.clock.now() - before).toBeGreaterThanOrEqual(GUESS_DELAY_FIRST_MS);
  const right = site.clock.now();
  expect((await service.post("x"))[0]).toBe(200);
  expect(site.clock.now() - right).toBeLessThan(GUESS_DELAY_FIRST_MS);
  const headers = { authorization: `Bearer ${service.token}` };
  const after = site.clock.now();
  const init = { method: "POST", body: "y", headers };
  expect((await site.wait(service.send("/rooms/build", init, "10.7.7.7"))).status).toBe(200);
  expect(site.clock.now() - after).toBeLessThan(GUESS_DELAY_FIRST_MS);
});

serviceTest("sends a retry time while the server stops", async (service) => {
  const { http } = service.site.server;
  await service.site.stop();
  const headers = { authorization: `Bearer ${service.token}` };
  const request = new Request("https://x/rooms/build", { method: "POST", body: "x", headers });
  const answer = httpHandler({ name: "x", port: () => 1, fingerprint: "x", ...http });
  const { status, headers: answered } = await answer(request, REMOTE);
  expect([status, answered.get("retry-after")]).toEqual([503, "1"]);
});

serviceTest("accepts Slack webhooks and answers like Slack", async (service) => {
  const body = JSON.stringify({ text: "", attachments: [{ title: "High load", text: "on db1" }] });
  const [status, answer] = await service.post(body, JSON_TYPE);
  expect([status, answer]).toEqual([200, { ok: true, seq: expect.any(Number) }]);
  const form = `payload=${encodeURIComponent('{"text":"by form"}')}`;
  const formType = { "content-type": "application/x-www-form-urlencoded" };
  expect(await service.post(form, formType)).toEqual([200, { ok: true, seq: expect.any(Number) }]);
  expect((await service.post("payload=5", formType))[1]).toEqual({ seq: expect.any(Number) });
  await service.site.quiet();
  expect(service.ana.texts()).toEqual(["High load\non db1", "by form", "payload=5"]);
});

serviceTest("accepts the token as the password of the URL", async (service) => {
  const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` });
  expect((await service.post("hi", basic(`:${service.token}`)))[0]).toBe(200);
  expect((await service.post("hi", basic(`x:${service.token}`)))[0]).toBe(200);
  expect((await service.post("hi", basic(`${service.token}`)))[0]).toBe(401);
  expect((await service.post("hi", { authorization: "Basic !!!" }))[0]).toBe(401);
});

serviceTest("serves metrics only with the operator's token", async (service) => {
  const { site } = service;
  const get = (authorization?: string) =>
    site.wait(
      service.send("/metrics", authorization === undefined ? {} : { headers: { authorization } }),
    );
  for (const wrong of [undefined, "Bearer x", `Bearer ${service.token}`]) {
    const response = await get(wrong);
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  }
  await service.post("one");
  await site.quiet();
  const response = await get("Bearer operator-token");
  const metrics = await response.text();
  expect(response.headers.get("content-type")).toContain("version=0.0.4");
  for (const line of metrics.trimEnd().split("\n")) {
    const bare = line.replace(/\{(?:transport|limit)="[a-z]+"\}/, "");
    expect(bare).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+ -?\d+(\.\d+)?(e[+-]\d+)?)$/);
  }
  const value = (name: string) =>
    Number(new RegExp(`^${name} (.+)$`, "m").exec(metrics)?.[1] ?? Number.NaN);
  expect([value("chat_links"), value("chat_sessions"), value("chat_accounts")]).toEqual([1, 1, 1]);
  expect([value("chat_rooms"), value("chat_posts_total")]).toEqual([2, 1]);
  expect(value("chat_append_seconds_count")).toBeGreaterThan(3);
  expect(value("chat_sent_bytes_total")).toBeGreaterThan(100);
  expect(value("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect(metrics).not.toContain("ana");
});
