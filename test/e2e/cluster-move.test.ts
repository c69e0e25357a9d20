import { expect } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Fault } from "../../src/base/fault.ts";
import type { LogRecord } from "../../src/wire/record.ts";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { Sandbox } from "./program.ts";
import { Relay } from "./relay.ts";
import { openStopped } from "./stopped-folder.ts";

const { afterAll, beforeAll, test } = requires("nats-server");

let nats: NatsServers;

beforeAll(async () => {
  nats = await NatsServers.start();
});

afterAll(() => nats.stop());

const MORE = 6_000;
const AT_ONCE = 3_000;

async function talkMuch(data: string): Promise<void> {
  const { history, lobby, idOf, close } = await openStopped(data);
  const by = idOf("ana");
  for (let from = 0; from < MORE; from += AT_ONCE) {
    const outcomes = Array.from({ length: AT_ONCE }, (_, i) => {
      const draft = { kind: "text", room: lobby.id, by, id: "" } as const;
      const body = { text: `word ${from + i} ${"x".repeat((i * 37) % 200)}` };
      return new Promise<LogRecord | Fault>((resolve) => {
        history.appendThen([{ ...draft, body }], {}, resolve);
      });
    });
    await Promise.all(outcomes);
  }
  await close();
}

/** The log without `durable`, which each disk sets itself. */
function linesOf(data: string, log: string): string {
  const folder = join(data, log);
  const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  const text = files.toSorted().map((name) => readFileSync(join(folder, name), "utf8"));
  return text.join("").replaceAll(/"durable":\d+/g, "");
}

function expectSame(one: string, other: string): void {
  for (const log of ["accounts", "history"]) {
    const [first, second] = [linesOf(one, log), linesOf(other, log)];
    if (first !== second) throw new Error(`${log} differs: ${first.length}, ${second.length}`);
  }
}

test("moves a history into a cluster despite kills, and removes a server", async () => {
  await using sandbox = new Sandbox();
  const alone = await sandbox.serve({ data: "a" });
  const anas = sandbox.home("ana");
  const ana = await anas.join([alone.invite, "--user", "ana"]);
  ana.type("hello", "a secret");
  const { seq } = await ana.json("ack", { text: "a secret" });
  ana.type(`/erase ${seq}`);
  await ana.json("erased");
  ana.type("/quit");
  await ana.ended();
  expect((await alone.program.signal("SIGTERM")).exitCode).toBe(0);
  await talkMuch(alone.data);

  const boss = sandbox.home("boss");
  const nats_ = ["--nats", nats.urls.join(","), "--cluster", "move"];
  const initAt = (at: string) => {
    return ["cluster", "init", alone.data, "--nats", at, "--cluster", "move", "--unsafe-nats"];
  };
  const init = initAt(nats.urls.join(","));
  const line = async (args: readonly string[]) => {
    const { exitCode, err } = await boss.run(args);
    return [exitCode, err.replaceAll(sandbox.folder, "").trimEnd()];
  };
  const serve = (data: string, ...more: readonly string[]) =>
    line(["serve", "--port", "0", "--data", sandbox.path(data), ...more]);
  expect(await serve("a", ...nats_, "--unsafe-nats")).toEqual([
    1,
    "chat: /a already has its own history; move it into a new cluster first: " +
      "chat cluster init /a --nats URL",
  ]);

  const killAfter = async (bytes: number) => {
    await using relay = await Relay.open(nats.servers[0]?.port ?? 0);
    const stalled = relay.stallAfter("up", bytes);
    const program = boss.start(initAt(`nats://${relay.address}`));
    await stalled;
    await program.signal("SIGKILL");
  };
  await killAfter(600_000);
  const [givenUp] = await boss.json(["cluster", "leave", alone.data]);
  expect(givenUp).toMatchObject({ kind: "left", cluster: "move" });
  await killAfter(300_000);
  expect(await serve("a")).toEqual([
    1,
    "chat: /a was only partly moved into the cluster 'move'; " +
      "run chat cluster init /a again, or chat cluster leave",
  ]);
  mkdirSync(sandbox.path("b"));
  for (const file of ["identity.key", "settings.json"]) {
    copyFileSync(sandbox.path("a", file), sandbox.path("b", file));
  }
  expect(await serve("b", ...nats_, "--unsafe-nats")).toEqual([
    1,
    "chat: chat cluster init has not finished; " +
      "wait until it is done; if it was interrupted, run it again",
  ]);
  const [brought] = await boss.json(init);
  expect(brought).toMatchObject({ kind: "brought", cluster: "move" });
  expect(Number(brought?.["history"])).toBeGreaterThan(MORE);
  expect((await line(init))[1]).toContain("/a already belongs to the cluster 'move'; start it: ");

  const args = [...nats_, "--unsafe-nats"];
  const nodes = [
    await sandbox.serve({ data: "a", args }),
    await sandbox.serve({ data: "b", args }),
  ] as const;
  expectSame(nodes[0].data, nodes[1].data);
  const status = await boss.json(["cluster", "status", ...nats_]);
  const roots = status.filter(({ kind }) => kind === "node").map(({ root }) => root);
  expect([roots.length, new Set(roots).size]).toEqual([2, 1]);
  const again = await anas.join([nodes[1].invite]);
  const ben = await sandbox.home("ben").join([nodes[0].invite, "--user", "ben"]);
  ben.type("after the move");
  await again.json("text", { from: "ben", text: "after the move" });
  const found = await boss.json(["history", "--data", nodes[1].data, "--grep", "secret"]);
  expect(found).toEqual([]);
  for (const program of [again, ben]) {
    program.type("/quit");
    expect((await program.ended()).exitCode).toBe(0);
  }
  await until("both have it", () => {
    const [one, other] = nodes.map(({ data }) => linesOf(data, "history"));
    return one === other;
  });
  for (const { program } of nodes) expect((await program.signal("SIGTERM")).exitCode).toBe(0);
  for (const { data } of nodes) {
    const { exitCode, err } = await boss.run(["verify", "--data", data]);
    expect([exitCode, err]).toEqual([0, ""]);
  }

  expect(await serve("b")).toEqual([
    1,
    "chat: /b belongs to the cluster 'move'; add --nats, or to run it alone, " +
      "run chat cluster leave /b first",
  ]);
  const [left] = await boss.json(["cluster", "leave", sandbox.path("b")]);
  expect(left).toMatchObject({ kind: "left", cluster: "move" });
  const { program } = await sandbox.serve({ data: "b" });
  expect((await line(["cluster", "leave", sandbox.path("b")]))[0]).toBe(1);
  expect((await program.signal("SIGTERM")).exitCode).toBe(0);
  expect(await serve("b", ...args)).toEqual([
    1,
    "chat: /b has left the cluster 'move'; it may have its own history by now; " +
      "start over with only identity.key and settings.json",
  ]);
  const back = ["cluster", "init", sandbox.path("b"), ...args];
  expect((await line(back))[1]).toStartWith("chat: that cluster already has a different history; ");
});
