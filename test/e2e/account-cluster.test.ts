import { expect } from "bun:test";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { NODES, ServedCluster } from "./cluster-nodes.ts";
import { type Home, ndjson } from "./program.ts";

/** An operator of a cluster copies `accounts/`, acts as ben, and puts the copies back. */

const { afterAll, beforeAll, test } = requires("nats-server");

const WORDS = { CHAT_PASSWORD: "long enough" };

let cluster: ServedCluster;
let ana: Home;
let ben: Home;

beforeAll(async () => {
  cluster = await ServedCluster.start("proofs");
  const { sandbox } = cluster;
  [ana, ben] = [sandbox.home("ana"), sandbox.home("ben")];
  for (const [i, home] of [ana, ben, sandbox.home("olga")].entries()) {
    const user = ["ana", "ben", "olga"][i] ?? "";
    await home.with(WORDS).json(["register", cluster.node(i).invite, "--user", user]);
    await home.json(["send", `I am ${user}`, "--server", cluster.node(i).address]);
  }
});

afterAll(() => cluster[Symbol.asyncDispose]());

test("a failover raises no alarm", async () => {
  for (const i of NODES.keys()) {
    for (const home of [ana, ben]) {
      const { exitCode, err } = await home.run(["verify", cluster.node(i).address]);
      expect([i, exitCode, err]).toEqual([i, 0, expect.not.stringContaining("account")]);
    }
  }
  await cluster.kill(0);
  for (const home of [ana, ben]) {
    const { exitCode } = await home.run([
      "send",
      "still here",
      "--server",
      cluster.node(1).address,
    ]);
    expect(exitCode).toBe(0);
  }
  await cluster.revive();
  for (const i of NODES.keys()) {
    for (const home of [ana, ben]) {
      expect((await home.run(["verify", cluster.node(i).address])).exitCode).toBe(0);
    }
  }
});

test("an operator cannot hide a reset from those who were there", async () => {
  const { sandbox } = cluster;
  const accounts = (i: number) => join(cluster.node(i).data, "accounts");
  const copies = NODES.map((name) => sandbox.path(`accounts-${name}`));
  for (const [i, copy] of copies.entries()) cpSync(accounts(i), copy, { recursive: true });
  const at = ["--server", cluster.node(2).address];
  const [made] = await sandbox.home("olga").json(["admin", "reset", "ben", ...at]);
  const impostor = sandbox.home("impostor");
  const env = { CHAT_RESET: String(made?.["url"]), CHAT_NEW_PASSWORD: "of the impostor" };
  await impostor.json(["passwd", "--reset", cluster.node(2).invite], { env });
  await impostor.json(["send", "this is ben", "--to", "@ana", ...at]);
  // A checkpoint may be a second old.
  await until("ben sees a notice of the reset", async () => {
    const { exitCode, err } = await ben.run(["verify", cluster.node(1).address]);
    expect(exitCode).toBe(0);
    return /A code that resets your password was created by olga at/.test(err);
  });
  expect((await ana.run(["verify", cluster.node(0).address])).exitCode).toBe(0);
  for (const i of NODES.keys()) await cluster.node(i).program.signal("SIGTERM");
  for (const [i, copy] of copies.entries()) {
    rmSync(accounts(i), { recursive: true });
    cpSync(copy, accounts(i), { recursive: true });
    rmSync(join(cluster.node(i).data, "history", "checkpoint"), { force: true });
  }
  const natsFlags = ["--nats", cluster.nats.urls.join(","), "--unsafe-nats"];
  const { data, port, address } = cluster.node(0);
  for (const name of NODES) {
    const args = [...natsFlags, "--cluster", "proofs"];
    const refused = await sandbox.startServer({ data: name, args }).ended();
    expect([refused.exitCode, refused.err]).toEqual([
      6,
      expect.stringMatching(/accounts has \d+ records instead of \d+/),
    ]);
  }

  // The operator takes one folder out, and starts a new cluster with it.
  const operator = sandbox.home("olga");
  await operator.json(["cluster", "leave", data]);
  const alone = await sandbox.serve({ data: "a", port, args: ["--accept-loss"] });
  for (const home of [ana, ben]) await alarmed(home, address);
  await alone.program.signal("SIGTERM");
  const again = ["--cluster", "again"];
  await operator.json(["cluster", "init", data, ...natsFlags, ...again]);
  const moved = await sandbox.serve({ data: "a", port, args: [...natsFlags, ...again] });
  for (const home of [ana, ben]) await alarmed(home, address);
  await moved.program.signal("SIGTERM");
});

async function alarmed(home: Home, address: string): Promise<void> {
  const joined = await home.run(["join", address]);
  expect([joined.exitCode, joined.err]).toEqual([
    6,
    expect.stringMatching(/presents a different log of accounts/),
  ]);
  const verified = await home.run(["verify", address, "--json"]);
  expect(verified.exitCode).toBe(6);
  expect(ndjson(verified.out)[0]).toMatchObject({ ok: false, log: "accounts" });
}
