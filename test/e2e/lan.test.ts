import { describe, expect, test } from "bun:test";
import { LAN_DATAGRAM_BYTES_MAX } from "../../src/base/limits.ts";
import { requires } from "../installed.ts";
import { freeGroup, type MulticastGroup } from "../io/multicast-group.ts";
import { CHAT } from "./binary.ts";
import { type Program, Sandbox } from "./program.ts";
import { Screen } from "./tmux.ts";

/** `chat lan`, without a server and without leaving this machine. */

function words({ group, port }: MulticastGroup): string[] {
  return ["--group", group, "--port", String(port), "--interface", "127.0.0.1"];
}

interface Peer {
  readonly env?: Readonly<Record<string, string>>;
  /** Whose keys it has; by default, those of its name. */
  readonly home?: string;
}

async function peer(
  sandbox: Sandbox,
  place: MulticastGroup,
  user: string,
  more: Peer = {},
): Promise<Program> {
  const { env = {}, home = user } = more;
  const args = ["lan", ...words(place), "--user", user, "--json"];
  const program = sandbox.home(home).start(args, { env });
  await program.json("listening");
  return program;
}

async function plain(
  sandbox: Sandbox,
  place: MulticastGroup,
  args: readonly string[] = [],
): Promise<Program> {
  const program = sandbox.home("plain").start(["lan", ...words(place), "--plain", ...args]);
  await (args.includes("--json") ? program.json("listening") : program.said("plain text"));
  return program;
}

async function script(sandbox: Sandbox, { group, port }: MulticastGroup): Promise<Program> {
  const path = `${import.meta.dir}/multicast-script-program.ts`;
  const program = sandbox.start([path, group, String(port)], { program: process.execPath });
  await program.out.next("ready", (line) => line === "ready");
  return program;
}

const heard = (program: Program, text: string) =>
  program.out.next(text, (line) => line === JSON.stringify(text));

const NO_FAULT = (program: Program) =>
  expect(program.jsonLines.filter(({ kind }) => kind === "fault")).toEqual([]);

describe("people", () => {
  test("two meet, talk and part", async () => {
    await using sandbox = new Sandbox();
    const place = await freeGroup();
    const ana = await peer(sandbox, place, "ana");
    const bob = await peer(sandbox, place, "bob");
    const { key } = await ana.json("join", { from: "bob", verified: true });
    bob.type("hello", "/me waves", "// not a command");
    expect(await ana.json("text", { text: "hello" })).toEqual({
      kind: "text",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      from: "bob",
      text: "hello",
      key,
      verified: true,
    });
    await ana.json("action", { text: "waves", from: "bob" });
    await ana.json("text", { text: "/ not a command" });
    await bob.json("sent", { text: "hello" });
    await bob.json("join", { from: "ana" });
    bob.type("/who");
    const { people } = await bob.json("who");
    expect(people).toMatchObject([{ name: "bob" }, { name: "ana" }]);
    bob.type("QUIT");
    expect((await bob.ended()).exitCode).toBe(0);
    await ana.json("leave", { from: "bob" });
    expect((await ana.finish()).exitCode).toBe(0);
    NO_FAULT(ana);
    NO_FAULT(bob);
  });

  test("three hear each other, each once, and what was piped in is all sent", async () => {
    await using sandbox = new Sandbox();
    const place = await freeGroup();
    const ana = await peer(sandbox, place, "ana");
    const bob = await peer(sandbox, place, "bob");
    const said = Array.from({ length: 30 }, (_, i) => `line ${i}`);
    const args = ["lan", ...words(place), "--user", "robot"];
    const robot = await sandbox.home("robot").run(args, { stdin: `${said.join("\n")}\n` });
    expect(robot.exitCode).toBe(0);
    expect(robot.out).toBe("");
    for (const one of [ana, bob]) {
      await one.json("leave", { from: "robot" });
      const texts = one.jsonLines.filter(({ kind }) => kind === "text");
      expect(texts.map(({ text }) => text)).toEqual(said);
      NO_FAULT(one);
    }
  });

  test("piped, what others say is one line of four columns", async () => {
    await using sandbox = new Sandbox();
    const place = await freeGroup();
    const args = ["lan", ...words(place), "--user", "log"];
    const log = sandbox.home("log").start(args);
    await log.said("you are log");
    const ana = await peer(sandbox, place, "ana");
    ana.type("a\tb \u001b[31m");
    const line = await log.out.next("the text", (text) => text.includes("a"));
    expect(line.split("\t").slice(1)).toEqual(["lan", "ana", "a\\tb \u241b[31m"]);
    await log.said("ana is here");
  });

  test("a name belongs to the key that came first", async () => {
    await using sandbox = new Sandbox();
    const place = await freeGroup();
    const ana = await peer(sandbox, place, "ana");
    const bob = await peer(sandbox, place, "bob");
    await bob.json("join", { from: "ana" });
    const eve = await peer(sandbox, place, "Ana", { home: "eve" });
    await ana.json("fault", { code: "name-taken" });
    eve.type("trust me");
    await bob.json("text", { from: "Ana", text: "trust me", verified: false });
    ana.type("that is not me");
    await bob.json("text", { from: "ana", text: "that is not me", verified: true });
  });
});

describe("a password", () => {
  test("lets in who has it; the others get one line and no text", async () => {
    await using sandbox = new Sandbox();
    const place = await freeGroup();
    const env = { CHAT_ROOM_PASSWORD: "swordfish" };
    const ana = await peer(sandbox, place, "ana", { env });
    const eve = await peer(sandbox, place, "eve", { env: { CHAT_ROOM_PASSWORD: "sw0rdfish" } });
    const dan = await peer(sandbox, place, "dan");
    const file = sandbox.write("secret", "swordfish\n");
    const args = [...words(place), "--user", "bob", "--json", "--room-password-file", file];
    const bob = sandbox.home("bob").start(["lan", ...args]);
    expect((await bob.json("listening"))["sealed"]).toBe(true);
    await ana.json("join", { from: "bob" });
    bob.type("psst", "and once more");
    await ana.json("text", { text: "and once more", from: "bob" });
    const ended = [];
    for (const stranger of [eve, dan]) {
      await stranger.json("fault", { code: "room-password-wrong" });
      ended.push(await stranger.finish());
    }
    for (const { out } of ended) {
      expect(out).not.toContain("psst");
      expect(out).not.toContain("bob");
    }
    const faults = dan.jsonLines.filter(({ kind }) => kind === "fault");
    expect(faults).toHaveLength(1);
  });

  test("and plain text exclude each other", async () => {
    await using sandbox = new Sandbox();
    const args = ["lan", "--plain", "--room-password-file", sandbox.write("secret", "swordfish")];
    const { exitCode, err } = await sandbox.home("ana").run(args);
    expect([exitCode, err]).toEqual([2, expect.stringContaining("cannot be encrypted")]);
  });
});

describe("plain", () => {
  test("talks with a script of ten lines at 224.1.1.1:5004, byte for byte", async () => {
    await using sandbox = new Sandbox();
    // The group that everybody uses: only these words are ours.
    const place = { group: "224.1.1.1", port: 5004 };
    const mark = crypto.randomUUID();
    const other = await script(sandbox, place);
    const program = sandbox.home("plain").start(["lan", "--interface", "127.0.0.1", "--plain"]);
    await program.said("in 224.1.1.1:5004");
    program.type(`grüße ✓ ${mark}`, `// ${mark}`);
    await heard(other, `grüße ✓ ${mark}`);
    await heard(other, `/ ${mark}`);
    other.type(`hello chat ${mark}`);
    await program.out.next("the text", (line) => line === `hello chat ${mark}`);
    expect((await program.finish()).exitCode).toBe(0);
  });

  test("shows what is no UTF-8, or would move the cursor, cleaned", async () => {
    await using sandbox = new Sandbox();
    const place = await freeGroup();
    const program = await plain(sandbox, place);
    const other = await script(sandbox, place);
    other.type("!ff1b5b316d20e282ac0a", `!${Buffer.from("two\nlines\n").toString("hex")}`, "!");
    await program.out.next("the text", (line) => line === "\ufffd\u241b[1m \u20ac");
    await program.out.next("the text", (line) => line === "two\u240alines");
    await program.out.next("an empty one", (line) => line === "");
  });

  test("as JSON it carries what was sent, and from where", async () => {
    await using sandbox = new Sandbox();
    const place = await freeGroup();
    const program = await plain(sandbox, place, ["--json"]);
    const other = await script(sandbox, place);
    other.type("!1b5b");
    const { from } = await program.json("text", { text: "\u001b[" });
    expect(from).toMatch(/^127\.0\.0\.1:\d+$/);
    program.type("x".repeat(LAN_DATAGRAM_BYTES_MAX), "x".repeat(LAN_DATAGRAM_BYTES_MAX + 1));
    await heard(other, "x".repeat(LAN_DATAGRAM_BYTES_MAX));
    await program.json("fault", { code: "too-large" });
    program.type("/nonsense");
    await program.json("fault", { code: "usage" });
  });

  test("and names tell each other once that they are there", async () => {
    await using sandbox = new Sandbox();
    const place = await freeGroup();
    const program = await plain(sandbox, place, ["--json"]);
    const ana = await peer(sandbox, place, "ana");
    await program.json("fault", { code: "kind-unknown" });
    program.type("one", "two");
    await ana.json("fault", { code: "kind-unknown" });
    ana.type("three");
    await ana.json("sent");
    await program.finish();
    for (const one of [ana, program]) {
      expect(one.jsonLines.filter(({ kind }) => kind === "fault")).toHaveLength(1);
    }
  });
});

describe("what cannot be", () => {
  test.each([
    [["--group", "10.0.0.1"], 2, "no multicast group"],
    [["--interface", "203.0.113.9", "--user", "ana"], 2, "no interface with the address"],
    [["--port", "0"], 2, "port"],
    [["--ttl", "256"], 2, "ttl"],
    [["--user", "a b"], 2, "cannot be a person's name"],
    [[], 2, "nobody is named"],
  ] as const)("%p says what is wrong", async (args, wanted, sentence) => {
    await using sandbox = new Sandbox();
    const { exitCode, err } = await sandbox.home("ana").run(["lan", ...args]);
    expect([exitCode, err]).toEqual([wanted, expect.stringContaining(sentence)]);
  });

  test("a text that is too long is refused, and the talk goes on", async () => {
    await using sandbox = new Sandbox();
    const place = await freeGroup();
    const ana = await peer(sandbox, place, "ana");
    ana.type("x".repeat(961), "short");
    await ana.json("fault", { code: "too-large" });
    await ana.json("sent", { text: "short" });
  });

  test("Ctrl-C leaves with 130, and the others see it", async () => {
    await using sandbox = new Sandbox();
    const place = await freeGroup();
    const ana = await peer(sandbox, place, "ana");
    const bob = await peer(sandbox, place, "bob");
    await ana.json("join", { from: "bob" });
    expect((await bob.signal("SIGINT")).exitCode).toBe(130);
    await ana.json("leave", { from: "bob" });
  });
});

requires("tmux").describe("in a terminal", () => {
  test("name and password are asked, and a half-typed line survives", async () => {
    await using sandbox = new Sandbox();
    const place = await freeGroup();
    const home = sandbox.path("ana");
    await using ana = await Screen.open(sandbox, "ana", { CHAT_HOME: home, CHAT });
    ana.line(`$CHAT lan ${words(place).join(" ")}`);
    await ana.asks(/^Name:$/);
    ana.line("ana");
    await ana.asks(/^Password of the group \(empty: none\):$/);
    ana.press("Enter");
    await ana.shows(/^lan>$/);
    ana.line("anybody?");
    await ana.showsOver(/lan ana: anybody\?$/, /^lan>$/);
    ana.type("half a tho");
    await ana.shows(/^lan> half a tho$/);
    const bob = await peer(sandbox, place, "bob");
    await bob.json("join", { from: "ana" });
    bob.type("here I am");
    const rows = await ana.showsOver(/lan bob: here I am$/, /^lan> half a tho$/);
    expect(rows.filter((row) => row.includes("anybody"))).toHaveLength(1);
    ana.press("C-u");
    ana.line("/who");
    await ana.shows(/ {2}bob {2}\S{12}$/);
    ana.press("C-d");
    await bob.json("leave", { from: "ana" });
    await ana.shows(/^\$$/);
    ana.line("echo exit $?");
    await ana.shows(/^exit 0$/);
  });
});
