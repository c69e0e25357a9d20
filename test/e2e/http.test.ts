import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Town } from "./program.ts";

/** The port as other tools see it. */

test("a token, one message, and the people of the room have it", async () => {
  await using town = new Town();
  const served = await town.serve();
  const ana = town.home("ana").with({ CHAT_USER: "ana" });
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

  if (Bun.which("curl") === null) return; // The same was said by fetch.
  const child = Bun.spawn(
    ["curl", "-s", "-H", `Authorization: ${authorization}`, "-d", "by curl"].concat(
      `https://${served.address}/rooms/builds`,
    ),
    { env: { CURL_CA_BUNDLE: join(served.data, "tls.crt"), PATH: process.env["PATH"] ?? "" } },
  );
  expect(JSON.parse(await new Response(child.stdout).text())).toEqual({ seq: seq + 1 });
  await screen.json("text", { text: "by curl" });
});

test("how the server is, for whoever may know", async () => {
  await using town = new Town();
  const served = await town.serve();
  const tls = { ca: readFileSync(join(served.data, "tls.crt"), "utf8") };
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`https://${served.address}${path}`, { headers, tls });
  expect(await (await get("/healthz")).text()).toBe("ok\n");
  expect((await get("/metrics")).status).toBe(401);
  const token = readFileSync(join(served.data, "operator"), "utf8").trim();
  const metrics = await get("/metrics", { authorization: `Bearer ${token}` });
  expect(await metrics.text()).toContain("\nchat_links 0\n");
});
