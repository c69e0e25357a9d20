import { expect } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { serveNodes } from "./cluster-nodes.ts";
import { type Home, Sandbox, type Served } from "./program.ts";

const { version } = JSON.parse(readFileSync(join(import.meta.dir, "../../package.json"), "utf8"));

/** Lets a server that has left record a message alone, and puts it back into the cluster. */
async function diverge(sandbox: Sandbox, boss: Home, { data, program }: Served): Promise<void> {
  await program.signal("SIGTERM");
  expect(await boss.run(["cluster", "leave", data])).toMatchObject({ exitCode: 0 });
  const alone = await sandbox.serve({ data: data.slice(sandbox.folder.length + 1) });
  // A new home, because a device that has seen the other history would raise an alarm.
  const eve = sandbox.home(`eve-${alone.port}`);
  expect(await eve.run(["send", "alone", "--server", alone.invite, "--user", "eve"])).toMatchObject(
    { exitCode: 0 },
  );
  await alone.program.signal("SIGTERM");
  const file = join(data, "cluster.json");
  const { state, ...member } = JSON.parse(readFileSync(file, "utf8"));
  expect(state).toBe("left");
  writeFileSync(file, JSON.stringify(member));
}

async function untilEqual(boss: Home, nats: NatsServers): Promise<string> {
  const args = ["cluster", "status", "--nats", nats.urls.join(",")];
  const nodes = await until("both servers have the same history", async () => {
    const { exitCode, out } = await boss.run([...args, "--json"]);
    const lines = out.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
    const found = lines.filter(({ kind }) => kind === "node");
    const isEqual = new Set(found.map(({ root, lag }) => `${root} ${lag}`)).size === 1;
    return exitCode === 0 && found.length === 2 && isEqual && found;
  });
  for (const node of nodes)
    expect(node).toMatchObject({
      knows: "0.4.0",
      program: expect.stringContaining(`chat/${version}`),
    });
  return (await boss.run(args)).out;
}

async function textsOf(boss: Home, data: string): Promise<unknown[]> {
  const records = await boss.json(["history", "--data", data]);
  return records.flatMap(({ kind, text }) => (kind === "text" ? [text] : []));
}

requires("nats-server").test("a server that diverged rejoins with one command", async () => {
  await using sandbox = new Sandbox();
  const nats = await NatsServers.start(1);
  const empty = await NatsServers.start(1);
  try {
    const boss = sandbox.home("boss");
    const [a, b] = await serveNodes(sandbox, nats, ["a", "b"]);
    if (a === undefined || b === undefined) throw new Error("no servers");
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
    const send = async (text: string, { invite }: Served) =>
      expect(await ana.run(["send", text, "--server", invite])).toMatchObject({ exitCode: 0 });
    const serve = (data: string, at: NatsServers) =>
      sandbox.serve({ data, args: ["--nats", at.urls.join(","), "--unsafe-nats"] });
    await send("one", a);
    expect(await boss.run(["cluster", "rejoin", b.data])).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining("in use"),
    });

    await diverge(sandbox, boss, b);
    await send("two", a);
    const args = ["--nats", nats.urls.join(","), "--unsafe-nats", "--data", b.data];
    const refused = await boss.run(["serve", "--port", "0", ...args]);
    expect(refused.err).toContain("chat cluster rejoin");
    const [line] = await boss.json(["cluster", "rejoin", b.data]);
    expect(line).toMatchObject({ kind: "rejoining", retired: join(b.data, "retired-1") });
    const again = await serve("b", nats);
    await send("three", again);
    // The column of versions tells builds apart.
    expect(await untilEqual(boss, nats)).toContain(`\t${version}`);
    for (const { program } of [a, again]) await program.signal("SIGTERM");
    expect(await textsOf(boss, b.data)).toEqual(["one", "two", "three"]);
    const first = await boss.run(["history", "--data", a.data, "--json"]);
    expect((await boss.run(["history", "--data", b.data, "--json"])).out).toBe(first.out);
    expect(await boss.run(["verify", "--data", b.data])).toMatchObject({ exitCode: 0 });
    expect(existsSync(join(b.data, "retired-1", "history"))).toBe(true);

    // Without a stream that all of them accept, the cluster is created from one of the servers.
    await diverge(sandbox, boss, again);
    for (const command of ["leave", "init"]) {
      const nats = command === "init" ? ["--nats", empty.urls.join(","), "--unsafe-nats"] : [];
      expect(await boss.run(["cluster", command, a.data, ...nats])).toMatchObject({ exitCode: 0 });
    }
    const created = await serve("a", empty);
    expect(await boss.json(["cluster", "rejoin", b.data])).toMatchObject([
      { kind: "rejoining", retired: join(b.data, "retired-2") },
    ]);
    const joined = await serve("b", empty);
    await send("four", joined);
    await untilEqual(boss, empty);
    for (const { program } of [created, joined]) await program.signal("SIGTERM");
    expect(await textsOf(boss, b.data)).toEqual(["one", "two", "three", "four"]);
    expect(await boss.run(["verify", "--data", b.data])).toMatchObject({ exitCode: 0 });
  } finally {
    await nats.stop();
    await empty.stop();
  }
});
