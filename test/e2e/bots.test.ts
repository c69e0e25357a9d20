import { expect } from "bun:test";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { until, within } from "../event.ts";
import { requires } from "../installed.ts";
import { reservedPort } from "../ports.ts";
import { CHAT } from "./binary.ts";
import { type Home, Sandbox } from "./program.ts";

/** Runs the bots of docs/bots.md as they are printed there, with the address of a test server. */

const GUIDE = readFileSync(join(import.meta.dir, "../../docs/bots.md"), "utf8");

function sourceOf(name: string): string {
  const start = GUIDE.indexOf(` as \`${name}\``);
  const [, source] = /^```\w+\n(.*?)^```$/ms.exec(GUIDE.slice(start)) ?? [];
  if (start < 0 || source === undefined) throw new Error(`docs/bots.md has no ${name}`);
  return source;
}

class Bot {
  readonly #child: Bun.Subprocess;

  /** A separate process group, so that a signal reaches the complete pipeline. */
  constructor(home: Home, command: readonly string[]) {
    this.#child = Bun.spawn(["setsid", ...command], {
      cwd: home.sandbox.folder,
      env: { ...home.environment },
      stdio: ["ignore", "ignore", "inherit"],
    });
  }

  async kill(): Promise<void> {
    process.kill(-this.#child.pid, "SIGKILL");
    await within("the end of the bot", this.#child.exited);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill();
  }
}

/** The account `robot` in the room `ops`, with `chat` on its path. */
async function robotIn(sandbox: Sandbox): Promise<Home> {
  symlinkSync(CHAT, sandbox.path("chat"));
  const PATH = `${sandbox.folder}:${process.env["PATH"] ?? ""}`;
  const robot = sandbox.home("robot").with({ PATH });
  expect(await robot.run(["join", "--user", "robot", "--room", "ops"])).toMatchObject({
    exitCode: 0,
  });
  return robot;
}

requires("jq", "setsid").test("the shell bot answers each command once", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const robot = await robotIn(sandbox);
  sandbox.write("status.sh", sourceOf("status.sh"));
  const ana = await sandbox.home("ana").join(["--user", "ana", "--room", "ops"]);
  const start = () => new Bot(robot, ["sh", "status.sh"]);
  const asked = async (text: string) => {
    ana.type(text);
    return (await ana.json("ack", { text }))["seq"];
  };
  const answer = async (re: unknown) =>
    String((await ana.json("text", { from: "robot", re }))["text"]);
  {
    await using bot = start();
    await asked("!load; touch evil");
    expect(await answer(await asked("!load"))).toContain("load average");
    expect(await answer(await asked("!disk"))).toMatch(/ \/$/);
    await bot.kill();
  }
  const missed = await asked("!load");
  await using _ = start();
  expect(await answer(missed)).toContain("load average");
  await answer(await asked("!disk"));
  const answers = ana.jsonLines.filter(({ kind, from }) => kind === "text" && from === "robot");
  expect(answers).toHaveLength(4);
});

requires("curl", "jq", "setsid").test("the HTTP bot answers each ticket once", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const robot = await robotIn(sandbox);
  const source = sourceOf("tickets.sh").replace("192.0.2.7:2428", served.address);
  sandbox.write("tickets.sh", source);
  const [invited] = await robot.json([
    ...["admin", "invite", "--user", "robot", "--post", "ops", "--read", "ops"],
  ]);
  sandbox.write("tickets.header", `Authorization: Bearer ${invited?.["token"]}\n`);
  symlinkSync(join(served.data, "tls.crt"), sandbox.path("tls.crt"));
  const ana = await sandbox.home("ana").join(["--user", "ana", "--room", "ops"]);
  const answer = (ticket: number) =>
    ana.json("text", { from: "robot", text: `https://tickets.example.org/${ticket}` });
  ana.type("#1 is too old");
  const { seq } = await ana.json("ack");
  {
    await using bot = new Bot(robot, ["sh", "tickets.sh"]);
    const after = sandbox.path("after");
    await until("the bot's start", () => existsSync(after) && readFileSync(after, "utf8") !== "");
    ana.type("see #12 and room #9a, #3");
    await Promise.all([answer(12), answer(9), answer(3)]);
    await bot.kill();
  }
  // As if the bot had been killed before it wrote the file.
  sandbox.write("after", `${seq}\n`);
  await using _ = new Bot(robot, ["sh", "tickets.sh"]);
  ana.type("#4");
  await answer(4);
  const answers = ana.jsonLines.filter(({ kind, from }) => kind === "text" && from === "robot");
  expect(answers).toHaveLength(4);
});

requires("python3", "setsid").test("the IRC bot rolls dice while it is connected", async () => {
  await using sandbox = new Sandbox();
  const port = await reservedPort();
  const served = await sandbox.serve({ args: ["--irc-tls", `127.0.0.1:${port}`] });
  const robot = await robotIn(sandbox);
  const operator = ["admin", "irc-password", "robot", "--data", served.data];
  const [created] = await sandbox.home("operator").json(operator);
  sandbox.write("robot.password", `${created?.["password"]}\n`);
  const address = `"127.0.0.1", ${port}`;
  sandbox.write("dice.py", sourceOf("dice.py").replace(`"192.0.2.7", 6697`, address));
  symlinkSync(join(served.data, "tls.crt"), sandbox.path("tls.crt"));
  const ana = await sandbox.home("ana").join(["--user", "ana", "--room", "ops"]);
  ana.type("!roll 9d1");
  await ana.json("ack");
  await using _ = new Bot(robot, ["python3", "dice.py"]);
  await ana.json("presence", { room: "ops", user: "robot", online: true });
  ana.type("!roll 2d1", "!roll 0d6", "!roll 2d6; x", "/msg robot !roll 3d1");
  await ana.json("text", { from: "robot", room: "ops", text: "2d1: 2", notice: true });
  await ana.json("text", { from: "robot", to: "ana", text: "3d1: 3", notice: true });
  const answers = ana.jsonLines.filter(({ kind, from }) => kind === "text" && from === "robot");
  expect(answers).toHaveLength(2);
});

requires("curl", "jq", "setsid").test(
  "the ntfy bot forwards mentions and direct messages",
  async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    const robot = await robotIn(sandbox);
    const received: string[] = [];
    let refusals = 1;
    using ntfy = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        if (refusals-- > 0) return new Response(null, { status: 503 });
        const { pathname } = new URL(request.url);
        const text = await request.text();
        received.push(`${request.method} ${pathname} ${request.headers.get("title")}: ${text}`);
        return new Response();
      },
    });
    const source = sourceOf("ntfy.sh")
      .replace("192.0.2.7:8080", `127.0.0.1:${ntfy.port}`)
      .replace("name=ana", "name=robot");
    expect(source.trimEnd().split("\n").length).toBeLessThanOrEqual(15);
    sandbox.write("ntfy.sh", source);
    const ana = await sandbox.home("ana").join(["--user", "ana", "--room", "ops"]);
    ana.type("@robot before its time");
    await ana.json("ack");
    const [last] = await robot.json(["history", "--user", "robot", "--last", "1"]);
    const forwarded = (text: string) => `POST /ana-f3b0c91d chat: ana in ${text}`;
    sandbox.write("since", new Date(Date.parse(String(last?.["time"])) + 1).toISOString());
    {
      await using bot = new Bot(robot, ["sh", "ntfy.sh"]);
      ana.type("hello", "@robot $(touch evil)", "/msg robot @file", "@robot third");
      await until("three messages", () => received.length === 3);
      await bot.kill();
    }
    expect(received.splice(0)).toEqual(
      ["ops: @robot $(touch evil)", "a direct message: @file", "ops: @robot third"].map(forwarded),
    );
    ana.type("@robot meanwhile");
    await ana.json("ack", { text: "@robot meanwhile" });
    await using _ = new Bot(robot, ["sh", "ntfy.sh"]);
    await until("the missed message", () => received.at(-1) === forwarded("ops: @robot meanwhile"));
    expect(received.length).toBeLessThanOrEqual(4);
  },
);
