import { expect } from "bun:test";
import { cpSync, rmSync } from "node:fs";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { serveNodes } from "./cluster-nodes.ts";
import { Sandbox, type Served } from "./program.ts";

requires("nats-server").test("a cluster that lost confirmed messages raises an alarm", async () => {
  await using sandbox = new Sandbox();
  const nats = await NatsServers.start(1);
  try {
    const nodes = await serveNodes(sandbox, nats, ["a", "b"]);
    const [server] = nats.servers;
    const args = ["--nats", nats.urls.join(","), "--unsafe-nats"];
    const people = ["ana", "ben"].map((name) => sandbox.home(name).with({ CHAT_USER: name }));
    const [ana, ben] = people;
    if (ana === undefined || ben === undefined) throw new Error("no people");
    const stopAll = async (served: readonly Served[]) => {
      for (const { program } of served) await program.signal("SIGTERM");
      await server?.kill();
    };
    const startAll = async () => {
      server?.start();
      await until("NATS listens", async () => (await server?.listens()) === true);
      const started: Served[] = [];
      for (const { data, port } of nodes)
        started.push(
          await sandbox.serve({ data: data.slice(sandbox.folder.length + 1), port, args }),
        );
      return started;
    };
    const send = (text: string) => ana.run(["send", text, "--server", nodes[0]?.invite ?? ""]);
    const read = () => ben.run(["history", "--server", nodes[1]?.invite ?? ""]);
    expect(await send("before")).toMatchObject({ exitCode: 0 });
    const hello = ["send", "hello", "--server", nodes[1]?.invite ?? ""];
    expect(await ben.run(hello)).toMatchObject({ exitCode: 0 });
    expect(await read()).toMatchObject({ exitCode: 0 });
    await stopAll(nodes);
    nats.keep();
    for (const { data } of nodes) cpSync(data, `${data}-kept`, { recursive: true });
    const later = await startAll();
    for (const text of ["one", "two", "three"])
      expect(await send(text)).toMatchObject({ exitCode: 0 });
    expect((await read()).out).toContain("three");
    await stopAll(later);
    nats.bringBack();
    for (const { data } of nodes) {
      rmSync(data, { recursive: true });
      cpSync(`${data}-kept`, data, { recursive: true });
    }
    await startAll();
    for (const { exitCode, err } of [await read(), await send("four")]) {
      expect(err).toContain("history");
      expect(exitCode).toBe(6);
    }
  } finally {
    await nats.stop();
  }
});
