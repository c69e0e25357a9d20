import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { requires } from "../installed.ts";
import { before } from "./deadline.ts";
import { Sandbox } from "./program.ts";

/** The port as other tools see it. */

test("a token, one message, and the people of the room have it", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const screen = await ana.join(["--room", "builds"]);
  const [invited] = await ana.json(["admin", "invite", "--post", "builds"]);
  const token = String(invited?.["token"]);
  const ca = readFileSync(join(served.data, "tls.crt"), "utf8");
  const post = (body: string, headers: Record<string, string>) =>
    fetch(`https://${served.address}/rooms/builds`, { method: "POST", body, headers, tls: { ca } });
  const authorization = `Bearer ${token}`;
  const sent = await post("build done\n", { authorization });
  expect(sent.status).toBe(200);
  expect(sent.headers.get("access-control-allow-origin")).toBeNull();
  const seq = Number(((await sent.json()) as { seq: number }).seq);
  expect(await screen.json("text")).toMatchObject({
    seq,
    room: "builds",
    from: "ana",
    text: "build done",
  });
  const huge = await post("x".repeat(2 << 20), { authorization });
  expect(huge.status).toBe(413);
  expect((await post("x", { authorization: "Bearer tAAAAAAAAAAAAAAAAAAAAAA" })).status).toBe(401);
});

requires("curl").test("curl posts as the manual says it", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const screen = await ana.join(["--room", "builds"]);
  const [invited] = await ana.json(["admin", "invite", "--post", "builds"]);
  const child = Bun.spawn(
    ["curl", "-s", "-H", `Authorization: Bearer ${invited?.["token"]}`, "-d", "by curl"].concat(
      `https://${served.address}/rooms/builds`,
    ),
    { env: { CURL_CA_BUNDLE: join(served.data, "tls.crt"), PATH: process.env["PATH"] ?? "" } },
  );
  const { seq } = JSON.parse(await new Response(child.stdout).text()) as { seq: number };
  expect(await screen.json("text", { text: "by curl" })).toMatchObject({ seq, from: "ana" });
});

test("a program reads a room as it is said, as history tells it, and a webhook posts", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const screen = await ana.join(["--room", "builds"]);
  screen.type("before");
  await screen.json("ack");
  const [made] = await ana.json(["admin", "invite", "--read", "builds", "--post", "builds"]);
  expect(made).toMatchObject({ post: "builds", read: "builds" });
  const listed = await ana.run(["admin", "invites"]);
  expect(listed.out).toContain("posts to and reads builds");
  const tls = { ca: readFileSync(join(served.data, "tls.crt"), "utf8") };
  const headers = {
    authorization: `Bearer ${made?.["token"]}`,
    "content-type": "application/json",
  };
  const url = `https://${served.address}/rooms/builds`;
  const reading = await fetch(`${url}?after=0&wait=60`, { headers, tls });
  const body = JSON.stringify({ attachments: [{ title: "Deploy", text: "v2 is out" }] });
  const posted = await fetch(url, { method: "POST", headers, body, tls });
  expect(await posted.json()).toEqual({ ok: true, seq: expect.any(Number) });
  // It goes on for a minute: as long as a busy machine may need for the post.
  const reader = (reading.body ?? new ReadableStream<Uint8Array>()).getReader();
  const decoder = new TextDecoder();
  let read = "";
  while (!/Deploy.*\n/.test(read)) {
    const { value, done } = await before(30_000, "the post", reader.read());
    if (done) break;
    read += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  const records = read
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(records.map(({ text }) => text).filter((text) => text !== undefined)).toEqual([
    "before",
    "Deploy\nv2 is out",
  ]);
  expect(records).toEqual(await ana.json(["history", "--room", "builds", "--last", "100"]));
  await screen.finish();
});

test("how the server is, for whoever may know", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const tls = { ca: readFileSync(join(served.data, "tls.crt"), "utf8") };
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`https://${served.address}${path}`, { headers, tls });
  expect(await (await get("/healthz")).text()).toBe("ok\n");
  expect((await get("/metrics")).status).toBe(401);
  const token = readFileSync(join(served.data, "operator"), "utf8").trim();
  const metrics = await get("/metrics", { authorization: `Bearer ${token}` });
  expect(await metrics.text()).toContain("\nchat_links 0\n");
});

test("a name that is not this server's is answered nothing, with and without TLS", async () => {
  await using sandbox = new Sandbox();
  const proxied = ["--no-tls", "--public", "chat.example", "--public", "other.example:8443"];
  for (const args of [[], proxied]) {
    const isPlain = args.length > 0;
    const served = await sandbox.serve({ args, data: `data-${args.length}` });
    const tls = { ca: readFileSync(join(served.data, "tls.crt"), "utf8") };
    const base = `http${isPlain ? "" : "s"}://${served.address}`;
    const ask = async (path: string, host: string, method = "GET") => {
      const headers = { host, authorization: "Bearer tAAAAAAAAAAAAAAAAAAAAAA" };
      const answer = await fetch(base + path, { method, headers, ...(isPlain ? {} : { tls }) });
      return answer.status;
    };
    for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:1"]) {
      expect(await ask("/", host)).toBe(421);
      expect(await ask("/ws", host)).toBe(421);
      expect(await ask("/healthz", host)).toBe(421);
      expect(await ask("/rooms/lobby", host, "POST")).toBe(421);
    }
    const own = [served.address, "localhost", "x.localhost:1", hostname(), "printer.local"];
    for (const host of own) expect([host, await ask("/", host)]).toEqual([host, 200]);
    const known = isPlain ? 200 : 421;
    for (const host of ["chat.example", "CHAT.example:443", "other.example"]) {
      expect([host, await ask("/", host)]).toEqual([host, known]);
    }
    if (!isPlain) continue;
    expect(String(served.listening["invite"])).toStartWith("chat://chat.example:443/lobby?");
    expect(served.listening["web"]).toBe("https://chat.example/");
    expect(readFileSync(join(served.data, "invite"), "utf8")).toContain("chat://chat.example:443/");
  }
});
