import { describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { Sandbox, type Served } from "./program.ts";
import { Pty } from "./pty.ts";

const KEYS = { enter: "\r", interrupt: "\x03" };
const LEAVES_SCREEN = "\x1b[?1049l";

function terminal(sandbox: Sandbox, args: readonly string[], env = {}): Pty {
  const folder = sandbox.path("ana");
  return new Pty(sandbox, {
    args: [...args],
    cwd: sandbox.folder,
    env: { CHAT_HOME: folder, ...env },
  });
}

/** Also after the end, when the last output may not have been read. */
function prints(program: Pty, text: RegExp): Promise<unknown> {
  return program.until(String(text), () => text.test(program.written));
}

interface Scene {
  readonly sandbox: Sandbox;
  readonly served: Served;
  join(...args: readonly string[]): Pty;
  restart(data?: string): Promise<Served>;
}

/** Ana has read a message in the lobby; then the server has ended. */
function sceneTest(title: string, run: (scene: Scene) => Promise<void>): void {
  test(title, async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve({ args: ["--open"] });
    const { port, address } = served;
    await sandbox.home("ana").json(["send", "first", "--server", address, "--user", "ana"]);
    await sandbox.home("bob").json(["send", "read this", "--user", "bob"]);
    const ana = terminal(sandbox, ["join", address]);
    await ana.shows(/bob │ read this/);
    ana.type(KEYS.interrupt + KEYS.interrupt);
    expect(await ana.ended()).toBe(130);
    await served.program.signal("SIGTERM");
    const join = (...args: readonly string[]) => terminal(sandbox, ["join", address, ...args]);
    const restart = (data = "data") => sandbox.serve({ port, data, args: ["--open"] });
    await run({ sandbox, served, join, restart });
  });
}

describe("join without a server", () => {
  sceneTest("shows what was read, and sends what is typed", async ({ sandbox, join, restart }) => {
    await using ana = join();
    await ana.shows(/bob │ read this/);
    await ana.shows(/^ ○ connection to 127\.0\.0\.1:\d+ refused; retrying/);
    ana.type(`typed early${KEYS.enter}`);
    await ana.shows(/typed early \(waiting for connection…\)/);
    await restart();
    await ana.shows(/^ ● /);
    await ana.shows(/ana │ typed early$/);
    const [record] = await sandbox.home("bob").json(["history", "--from", "ana", "--last", "1"]);
    expect(record?.["text"]).toBe("typed early");
  });

  sceneTest("opens in line mode too", async ({ join, restart }) => {
    await using ana = join("--plain");
    await prints(
      ana,
      /bob.*: read this[\s\S]*Connecting to 127\.0\.0\.1:\d+ …[\s\S]*refused; retrying/,
    );
    ana.type(`typed early${KEYS.enter}`);
    await restart();
    await prints(ana, /logged in as ana[\s\S]*ana.*: typed early/);
  });

  sceneTest("ends at Ctrl-C, and restores the terminal", async ({ join }) => {
    await using ana = join();
    await ana.shows(/refused; retrying/);
    ana.type(KEYS.interrupt + KEYS.interrupt);
    expect(await ana.ended()).toBe(130);
    expect(ana.written).toContain(LEAVES_SCREEN);
  });

  sceneTest("leaves at a changed identity, and keeps what was typed", async (scene) => {
    await using ana = scene.join();
    await ana.shows(/refused; retrying/);
    ana.type(`typed early${KEYS.enter}`);
    await ana.shows(/typed early \(waiting/);
    await scene.restart("another");
    expect(await ana.ended()).toBe(6);
    const [leaves, unsent] = [RegExp.escape(LEAVES_SCREEN), "unsent, to lobby: typed early"];
    await prints(
      ana,
      new RegExp(`${leaves}[\\s\\S]*${unsent}[\\s\\S]*the server's identity has changed`),
    );
  });

  sceneTest("leaves if the account is banned, and keeps what was typed", async (scene) => {
    const { sandbox } = scene;
    const { program, data } = await scene.restart();
    const ban = ["admin", "ban", "ana", "--data", data];
    expect((await sandbox.home("owner").run(ban)).exitCode).toBe(0);
    await program.signal("SIGTERM");
    await using ana = scene.join();
    await ana.shows(/refused; retrying/);
    ana.type(`typed early${KEYS.enter}`);
    await ana.shows(/typed early \(waiting/);
    await scene.restart();
    expect(await ana.ended()).toBe(3);
    await prints(ana, /unsent, to lobby: typed early/);
  });

  sceneTest("exits with --no-wait and in a script, but not with --wait", async (scene) => {
    const { sandbox, join, restart, served } = scene;
    await using ana = join("--no-wait");
    expect(await ana.ended()).toBe(5);
    const script = ["join", served.address, "--json"];
    expect((await sandbox.home("ana").run(script)).exitCode).toBe(5);
    const waiting = sandbox.home("ana").start([...script, "--wait"]);
    await waiting.stderrLine("refused; retrying");
    await restart();
    await waiting.json("connected");
    expect(waiting.jsonLines[0]?.["kind"]).toBe("connected");
  });
});

describe("without an answer, a terminal shows after a second", () => {
  const invite = `chat://SERVER/?fp=${"A".repeat(43)}#secret`;
  test.each([
    [["send", "hello"], /connecting to SERVER …/],
    [["history"], /connecting to SERVER …/],
    [["users"], /connecting to SERVER …/],
    [["verify"], /connecting to SERVER …/],
    [["receive", invite], /connecting to SERVER …/],
    [["trust", "accept", "SERVER"], /connecting to SERVER …/],
    [["doctor", "SERVER"], /checking: \w+ …/],
    [["discover"], /searching for servers on this network …/],
  ] as const)("%j", async (args, text) => {
    await using sandbox = new Sandbox();
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on("error", () => {})));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const named = (value: string) => value.replaceAll("SERVER", `127.0.0.1:${port}`);
    const env = { CHAT_SERVER: `127.0.0.1:${port}`, CHAT_USER: "ana" };
    {
      // Ends before the sockets do, because the emulator accepts no line that is wrapped.
      await using program = terminal(sandbox, args.map(named), env);
      await prints(program, new RegExp(named(text.source)));
    }
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});
