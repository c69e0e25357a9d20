import { expect, test } from "bun:test";
import { UDP_IDLE_TIMEOUT_MS } from "../../src/base/limits.ts";
import { passes } from "../io/quic-fixture.ts";
import { CALM, UdpRelay } from "../io/udp-relay.ts";
import { type Program, Sandbox, textsOf } from "./program.ts";

const HOST = "127.0.0.1";
const OPEN = { args: ["--open"] };
const MARGIN_MS = 1_000;
const LATE_MS = 60_000;

function lossesOf(program: Program): number {
  return program.jsonLines.filter(({ kind }) => kind === "lost").length;
}

function udpTo({ port }: { readonly port: number }): string {
  return `udp://${HOST}:${port}`;
}

// The tests wait for timeouts of some seconds, so they run concurrently, each with its own server.

test.concurrent("clients reconnect to a server that was killed and restarted", async () => {
  await using sandbox = new Sandbox();
  const { port, program } = await sandbox.serve(OPEN);
  const clients = await Promise.all(
    ["ana", "bob", "cleo"].map((name) =>
      sandbox.home(name).join([udpTo({ port }), "--user", name]),
    ),
  );
  const [ana] = clients;
  ana?.type("before");
  for (const client of clients) await client.json("text", { text: "before" });
  await program.signal("SIGKILL");
  ana?.type("amid");
  await sandbox.serve({ ...OPEN, port });
  for (const client of clients) {
    expect(await client.json("connected", {}, LATE_MS)).toMatchObject({ transport: "udp" });
  }
  ana?.type("after");
  for (const client of clients) await client.json("text", { text: "after" }, LATE_MS);
  for (const client of clients) expect(textsOf(client)).toEqual(["before", "amid", "after"]);
});

test.concurrent("loses and repeats no text in a gap longer than a link's timeout", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve(OPEN);
  const relay = await UdpRelay.open({ host: HOST, port: served.port }, CALM);
  const ana = await sandbox.home("ana").join([udpTo(relay), "--user", "ana"]);
  const bob = await sandbox.home("bob").join([udpTo(served), "--user", "bob"]);
  const words = Array.from({ length: 300 }, (_, i) => `${i}`);
  ana.type(...words.slice(0, 100));
  await bob.json("text", { text: "99" });
  const join = relay.part();
  ana.type(...words.slice(100, 200));
  bob.type("amid");
  await ana.json("lost");
  expect(textsOf(ana)).not.toContain("amid");
  join();
  ana.type(...words.slice(200));
  await bob.json("text", { text: "299" }, LATE_MS);
  await ana.json("text", { text: "299" }, LATE_MS);
  expect(lossesOf(ana)).toBe(1);
  expect(textsOf(ana).filter((text) => text !== "amid")).toEqual(words);
  expect(textsOf(bob)).toEqual(textsOf(ana));
  relay.close();
});

test.concurrent.each(["server", "client"] as const)(
  "loses and repeats no text when the %s is suspended",
  async (who) => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve(OPEN);
    const [ana, bob] = await Promise.all(
      ["ana", "bob"].map((user) => sandbox.home(user).join([udpTo(served), "--user", user])),
    );
    if (ana === undefined || bob === undefined) throw new Error("two names make two programs");
    ana.type("before");
    for (const one of [ana, bob]) await one.json("text", { text: "before" });
    const { pid } = who === "server" ? served.program : ana;
    process.kill(pid, "SIGSTOP");
    const amid = Array.from({ length: 20 }, (_, i) => `amid ${i}`);
    ana.type(...amid);
    if (who === "server") await bob.json("lost");
    else await passes(UDP_IDLE_TIMEOUT_MS + MARGIN_MS);
    process.kill(pid, "SIGCONT");
    await bob.json("text", { text: "amid 19" }, LATE_MS);
    bob.type("after");
    for (const one of [ana, bob]) await one.json("text", { text: "after" }, LATE_MS);
    for (const one of [ana, bob]) expect(textsOf(one)).toEqual(["before", ...amid, "after"]);
    expect(Math.max(...[ana, bob].map(lossesOf))).toBeLessThanOrEqual(1);
    for (const one of [ana, bob]) expect((await one.finish()).exitCode).toBe(0);
  },
);
