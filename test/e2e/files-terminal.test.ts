import { expect } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { Sandbox } from "./program.ts";
import { Screen } from "./tmux.ts";

const { afterAll, beforeAll, describe, test } = requires("tmux");
const stack = new AsyncDisposableStack();
let sandbox: Sandbox;
let ana: Screen;
let bob: Screen;

beforeAll(async () => {
  sandbox = stack.use(new Sandbox());
  await sandbox.serve();
  const bin = createOpener();
  ana = stack.use(await person("ana", bin));
  bob = stack.use(await person("bob", bin));
});
afterAll(() => stack.disposeAsync());

function createOpener(): string {
  mkdirSync(sandbox.path("bin"));
  const name = process.platform === "darwin" ? "open" : "xdg-open";
  const script = `#!/bin/sh\nprintf '%s\\n' "$@" >> '${sandbox.path("opened")}'\n`;
  writeFileSync(sandbox.path("bin", name), script);
  chmodSync(sandbox.path("bin", name), 0o755);
  return sandbox.path("bin");
}

function opened(): string[] {
  const path = sandbox.path("opened");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
}

function screenOf(name: string, env: Record<string, string> = {}) {
  const home = { CHAT_HOME: sandbox.path(name), CHAT, CHAT_PASSWORD: "xxxxxxxx" };
  return Screen.open(sandbox, name, { ...home, ...env });
}

async function person(name: string, bin: string): Promise<Screen> {
  const screen = await screenOf(name, { BIN: bin });
  mkdirSync(sandbox.path(`${name}-files`));
  // Some shells set PATH when they start.
  screen.line(`PATH=$BIN:$PATH; cd ${name}-files; clear; $CHAT join --plain --user ${name}`);
  await screen.shows(/^lobby>$/);
  return screen;
}

describe("in a terminal", () => {
  test("downloads a program without offering to open it", async () => {
    writeFileSync(sandbox.path("ana-files", "run.sh"), "#!/bin/sh\n");
    writeFileSync(sandbox.path("ana-files", "photo.png"), "#!/bin/sh\n");
    for (const name of ["run.sh", "photo.png"]) {
      ana.line(`/send ${name}`);
      await bob.shows(`ana: file ${name}, 10 B`);
      bob.line(`/get ${name}`);
      await bob.shows(`downloaded ${name} (10 B) from ana`);
    }
    bob.line("done");
    await ana.shows(/bob: done$/);
    expect(bob.rows().join("\n")).not.toContain("[y/N]");
    expect(opened()).toEqual([]);
  });

  test("downloads a picture, and opens it only after confirmation", async () => {
    const photo = new Uint8Array(2 * CHUNK_BYTES + 1).fill(0xff);
    writeFileSync(sandbox.path("ana-files", "photo.jpg"), photo);
    ana.line("/send photo.jpg");
    await ana.shows("ana: file photo.jpg, 524 kB");
    await bob.shows("ana: file photo.jpg, 524 kB");
    bob.line("/get photo.jpg");
    await bob.shows("downloaded photo.jpg (524 kB) from ana");
    await bob.shows("open photo.jpg? [y/N]");
    expect(opened()).toEqual([]);
    bob.line("y");
    await until("the picture to be opened", () => opened().length > 0);
    expect(opened()).toEqual([sandbox.path("bob-files", "photo.jpg")]);
    expect(Buffer.compare(readFileSync(sandbox.path("bob-files", "photo.jpg")), photo)).toBe(0);
    bob.line("/get photo.jpg");
    await bob.shows("already downloaded: photo.jpg (524 kB)");
    bob.line("n");
    // Two lines at once would be a paste.
    await bob.shows(/^lobby>$/);
    bob.line("thanks");
    await ana.shows(/bob: thanks$/);
    expect(ana.rows().join("\n")).not.toMatch(/bob: [yn]$/m);
    expect(opened().length).toBe(1);
  });

  test("send-file shows a progress bar, and does not advise to resume a pipe", async () => {
    await using carol = await screenOf("carol");
    writeFileSync(sandbox.path("large.bin"), new Uint8Array(64 * CHUNK_BYTES));
    carol.line("clear; $CHAT send-file large.bin --user carol; echo exit $?");
    const rows = await carol.shows(/^exit 0$/);
    const progressRows = rows.filter(
      (row) => !row.includes("fingerprint") && row.includes("large.bin"),
    );
    expect(progressRows.at(-1)).toMatch(
      /^sent large\.bin \(16\.8 MB\) to lobby; download: chat get-file f[\w-]{11}$/,
    );
    expect(rows.join("\n")).not.toContain("[####");
    carol.line("clear; (echo x; cat) | $CHAT send-file - --name slow; echo exit $?");
    await carol.shows(/^slow /);
    carol.press("C-c");
    await carol.shows("a pipe cannot be resumed");
  });
});
