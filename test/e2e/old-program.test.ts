import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { serveNodes } from "./cluster-nodes.ts";
import { Sandbox } from "./program.ts";

/**
 * Runs the released program of version 0.2.0 beside this one. Build it from commit 5ccab81b with
 * npm 10 (`npm ci && npx bun build.ts`), and set CHAT_0_2_0 to its path; otherwise these tests are
 * skipped. The recorded files in test/released are tested always.
 */
const OLD = process.env["CHAT_0_2_0"] ?? join(import.meta.dir, "../../dist/chat-0.2.0");
const suite = existsSync(OLD) ? describe : describe.skip;

interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

async function old(home: string, user: string, args: readonly string[], stdin = ""): Promise<Ran> {
  const child = Bun.spawn([OLD, ...args], {
    env: { PATH: process.env["PATH"] ?? "", HOME: home, CHAT_HOME: home, CHAT_USER: user },
    stdio: [Buffer.from(stdin), "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode: await child.exited, out, err };
}

suite("version 0.2.0 (CHAT_0_2_0)", () => {
  const sandbox = new Sandbox();
  afterAll(() => sandbox[Symbol.asyncDispose]());

  test("reads, verifies and exports a room with new kinds, without a line for each", async () => {
    const { address, data } = await sandbox.serve({ data: "data", args: ["--open"] });
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
    const stdin = "Hello\n/poll Lunch? | soup | rice\n/hand\n/join dev\n/rules slow 5\nBye\n";
    expect(await ana.run(["join", address], { stdin })).toMatchObject({ exitCode: 0 });

    const home = sandbox.path("dan");
    const typed = "/join dev\nI am old\n";
    const joined = await old(home, "dan", ["join", address, "--json"], typed);
    expect(joined).toMatchObject({ exitCode: 0 });
    const history = await old(home, "dan", ["history", "--server", address, "--json"]);
    const kinds = history.out
      .split("\n")
      .flatMap((line) => /"kind":"([\w-]+)"/.exec(line)?.[1] ?? []);
    expect(kinds).toContain("text");
    expect(kinds).not.toContain("unreadable");
    const verified = await old(home, "dan", ["verify", address]);
    expect([verified.exitCode, verified.out]).toEqual([0, expect.stringMatching(/^ok/)]);
    const out = sandbox.path("page");
    const exported = ["export", "--server", address, "--html", "--out", out];
    expect(await old(home, "dan", exported)).toMatchObject({ exitCode: 0 });

    // The old program opens no folder with what it does not know.
    const opened = await old(sandbox.path("x"), "x", ["verify", "--data", data]);
    expect([opened.exitCode, opened.err]).toEqual([1, expect.stringContaining("newer version")]);
  });

  test("stops in a cluster that records what it does not know", async () => {
    if (Bun.which("nats-server") === null) return;
    const nats = await NatsServers.start(1);
    try {
      const [node] = await serveNodes(sandbox, nats, ["new"]);
      if (node === undefined) throw new Error("no node");
      const copy = sandbox.path("old");
      cpSync(join(node.data, "identity.key"), join(copy, "identity.key"));
      cpSync(join(node.data, "settings.json"), join(copy, "settings.json"));
      const ana = sandbox.home("ana2").with({ CHAT_USER: "ana" });
      const stdin = "Hello\n/poll Lunch? | soup | rice\n";
      expect(await ana.run(["join", node.invite], { stdin })).toMatchObject({ exitCode: 0 });
      const args = [
        "serve",
        "--data",
        copy,
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--unsafe-nats",
        "--open",
      ];
      const stopped = await old(copy, "x", [...args, "--nats", nats.urls.join(",")]);
      expect(stopped).toMatchObject({ exitCode: 1, err: expect.stringContaining("version 3") });
      expect(readFileSync(join(copy, "format.json"), "utf8")).toContain('"format":2');
    } finally {
      await nats.stop();
    }
  });
});
