import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { requires } from "../installed.ts";
import { SharedServer, sandboxTest } from "./shared-server.ts";

const server = new SharedServer();

requires("curl").test("curl posts as documented", async () => {
  await using sandbox = server.guests();
  const { served } = server;
  const ben = sandbox.home("ben").with({ CHAT_USER: "ben" });
  const screen = await ben.join(["--room", "curled"]);
  await screen.json("join", { room: "curled" });
  const [invited] = await ben.json(["admin", "invite", "--post", "curled"]);
  const child = Bun.spawn(
    ["curl", "-s", "-H", `Authorization: Bearer ${invited?.["token"]}`, "-d", "by curl"].concat(
      `https://${served.address}/rooms/curled`,
    ),
    { env: { CURL_CA_BUNDLE: join(served.data, "tls.crt"), PATH: process.env["PATH"] ?? "" } },
  );
  const { seq } = JSON.parse(await new Response(child.stdout).text()) as { seq: number };
  expect(await screen.json("text", { text: "by curl" })).toMatchObject({ seq, from: "ben" });
});

requires("curl").test(
  "chat admin webhook prints a line that posts to this server only",
  async () => {
    await using sandbox = server.guests();
    const dora = sandbox.home("dora").with({ CHAT_USER: "dora" });
    const screen = await dora.join(["--room", "hooked"]);
    const [hook] = await dora.json(["admin", "webhook", "hooked", "--expires", "1h"]);
    const line = String(hook?.["line"]);
    const pin = String(hook?.["pin"]);
    expect(line).toContain(`--pinnedpubkey '${pin}' `);
    expect(hook).toMatchObject({ kind: "webhook", room: "hooked" });
    expect(hook?.["expires"]).toMatch(/Z$/);
    const run = async (command: string) => {
      const env = { PATH: process.env["PATH"] ?? "" };
      const child = Bun.spawn(["sh", "-c", command], { env, stderr: "ignore" });
      return { out: await new Response(child.stdout).text(), exitCode: await child.exited };
    };
    const { seq } = JSON.parse((await run(line)).out) as { seq: number };
    expect(await screen.json("text", { text: "Hello" })).toMatchObject({ seq, from: "dora" });
    const otherPin = `sha256//${Buffer.alloc(32).toString("base64")}`;
    expect((await run(line.replace(pin, otherPin))).exitCode).toBe(90);
    const plain = await dora.run(["admin", "webhook", "hooked"]);
    expect(plain.out).toMatch(/^curl -fsSk --pinnedpubkey '\S+' -H '.*' -d 'Hello' 'https:\S+'\n$/);
    expect(plain.err).toContain("chat admin invites --revoke ");
    expect((await dora.run(["admin", "webhook", "nowhere"])).exitCode).toBe(4);
  },
);

test("requires the operator's token for metrics", async () => {
  const { served } = server;
  const tls = { ca: readFileSync(join(served.data, "tls.crt"), "utf8") };
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`https://${served.address}${path}`, { headers, tls });
  expect(await (await get("/healthz")).text()).toBe("ok\n");
  expect((await get("/metrics")).status).toBe(401);
  const token = readFileSync(join(served.data, "operator"), "utf8").trim();
  const metrics = await get("/metrics", { authorization: `Bearer ${token}` });
  expect(await metrics.text()).toMatch(/\nchat_links \d+\n/);
});

sandboxTest("refuses requests for a foreign host name, with and without TLS", async (sandbox) => {
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
