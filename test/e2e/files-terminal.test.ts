import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { until } from "./deadline.ts";
import { Sandbox } from "./program.ts";
import { Screen } from "./tmux.ts";

/** Files as people meet them: attached, announced, taken, and opened only after a yes. */

/** In place of what opens files: it writes down what it was given. */
function fakeOpener(sandbox: Sandbox): string {
  mkdirSync(sandbox.path("bin"));
  const name = process.platform === "darwin" ? "open" : "xdg-open";
  const script = `#!/bin/sh\nprintf '%s\\n' "$@" >> '${sandbox.path("opened")}'\n`;
  writeFileSync(sandbox.path("bin", name), script);
  chmodSync(sandbox.path("bin", name), 0o755);
  return sandbox.path("bin");
}

/** Whole lines: the shell makes the file before it writes. */
function opened(sandbox: Sandbox): string[] {
  const path = sandbox.path("opened");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
}

function screenOf(sandbox: Sandbox, name: string, env: Record<string, string> = {}) {
  const home = { CHAT_HOME: sandbox.path(name), CHAT, CHAT_PASSWORD: "xxxxxxxx" };
  return Screen.open(sandbox, name, { ...home, ...env });
}

async function person(sandbox: Sandbox, name: string, bin: string): Promise<Screen> {
  const screen = await screenOf(sandbox, name, { BIN: bin });
  mkdirSync(sandbox.path(`${name}-files`));
  // Some shells set their own PATH when they begin.
  screen.line(`PATH=$BIN:$PATH; cd ${name}-files; clear; $CHAT join --plain --user ${name}`);
  await screen.shows(/^lobby>$/);
  return screen;
}

/** A server, and two people in its lobby. */
async function twoPeople() {
  await using stack = new AsyncDisposableStack();
  const sandbox = stack.use(new Sandbox());
  await sandbox.serve();
  const bin = fakeOpener(sandbox);
  const ana = stack.use(await person(sandbox, "ana", bin));
  const bob = stack.use(await person(sandbox, "bob", bin));
  const kept = stack.move();
  return { sandbox, ana, bob, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** The id in the last line that announces this file. */
async function idOf(screen: Screen, name: string): Promise<string> {
  const pattern = new RegExp(`sends ${name}.*?/get (f[\\w-]{11})`);
  const rows = await screen.until(`${pattern}`, (all) => pattern.test(all.join("")));
  const [, id = ""] = pattern.exec(rows.join("")) ?? [];
  return id;
}

requires("tmux").describe("in a terminal", () => {
  test("a picture is attached, announced, taken, and opened only after a yes", async () => {
    await using place = await twoPeople();
    const { sandbox, ana, bob } = place;
    const photo = new Uint8Array(2 * CHUNK_BYTES + 1).fill(0xff);
    writeFileSync(sandbox.path("ana-files", "photo.jpg"), photo);
    ana.line("/send photo.jpg");
    await ana.shows("ana sends photo.jpg (524 kB); its id: f");
    const id = await idOf(bob, "photo.jpg");
    bob.line(`/get ${id}`);
    await bob.shows("photo.jpg (524 kB) is here, from ana");
    await bob.shows("open photo.jpg? [y/N]");
    expect(opened(sandbox)).toEqual([]);
    bob.line("y");
    await until("the picture to be opened", () => opened(sandbox).length > 0);
    expect(opened(sandbox)).toEqual([sandbox.path("bob-files", "photo.jpg")]);
    expect(Buffer.compare(readFileSync(sandbox.path("bob-files", "photo.jpg")), photo)).toBe(0);
    bob.line(`/get ${id}`);
    await bob.shows("open photo (1).jpg? [y/N]");
    bob.line("n");
    bob.line("thanks");
    await ana.shows(/lobby bob: thanks$/);
    expect(ana.rows().join("\n")).not.toMatch(/bob: [yn]$/m);
    expect(opened(sandbox).length).toBe(1);
  });

  test("words in place of an answer are words, and nothing is opened", async () => {
    await using place = await twoPeople();
    const { sandbox, ana, bob } = place;
    writeFileSync(sandbox.path("ana-files", "paper.pdf"), "%PDF");
    ana.line("/send paper.pdf @bob");
    const id = await idOf(bob, "paper.pdf");
    bob.line(`/get ${id}`);
    await bob.shows("open paper.pdf? [y/N]");
    bob.line("you too?");
    await ana.shows(/lobby bob: you too\?$/);
    bob.line("y");
    await ana.shows(/lobby bob: y$/);
    expect(opened(sandbox)).toEqual([]);
  });

  test("a program is taken, and nobody is asked to run it", async () => {
    await using place = await twoPeople();
    const { sandbox, ana, bob } = place;
    writeFileSync(sandbox.path("ana-files", "run.sh"), "#!/bin/sh\n");
    writeFileSync(sandbox.path("ana-files", "photo.png"), "#!/bin/sh\n");
    for (const name of ["run.sh", "photo.png"]) {
      ana.line(`/send ${name}`);
      const id = await idOf(bob, name);
      bob.line(`/get ${id}`);
      await bob.shows(`${name} (10 B) is here`);
    }
    bob.line("done");
    await ana.shows(/lobby bob: done$/);
    expect(bob.rows().join("\n")).not.toContain("[y/N]");
    expect(opened(sandbox)).toEqual([]);
  });

  test("send-file shows a bar that is gone at the end, and where the file is", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    await using ana = await screenOf(sandbox, "ana");
    writeFileSync(sandbox.path("large.bin"), new Uint8Array(64 * CHUNK_BYTES));
    ana.line("clear; $CHAT send-file large.bin --user ana; echo exit $?");
    const rows = await ana.shows(/^exit 0$/);
    const said = rows.filter((row) => !row.includes("fingerprint") && row.includes("large.bin"));
    expect(said.at(-1)).toMatch(
      /^large\.bin \(16\.8 MB\) is sent to lobby; take it: chat get-file f[\w-]{11}$/,
    );
    expect(rows.join("\n")).not.toContain("[####");
  });

  test("Ctrl-C in the middle says how to go on", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    await using ana = await screenOf(sandbox, "ana");
    ana.line("clear; (echo x; cat) | $CHAT send-file - --name slow --user ana; echo exit $?");
    await ana.shows(/^slow /);
    ana.press("C-c");
    await ana.shows("run the same command again");
  });
});
