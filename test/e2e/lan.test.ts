import { describe, expect, test } from "bun:test";
import { freeGroup, type MulticastGroup } from "../io/multicast-group.ts";
import { type Program, Sandbox } from "./program.ts";

function words({ group, port }: MulticastGroup): string[] {
  return ["--group", group, "--port", String(port), "--interface", "127.0.0.1"];
}

interface Peer {
  readonly env?: Readonly<Record<string, string>>;
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

async function script(sandbox: Sandbox, { group, port }: MulticastGroup): Promise<Program> {
  const path = `${import.meta.dir}/multicast-script-program.ts`;
  const program = sandbox.start([path, group, String(port)], { program: process.execPath });
  await program.out.next("ready", (line) => line === "ready");
  return program;
}

const receivedText = (program: Program, text: string) =>
  program.out.next(text, (line) => line === JSON.stringify(text));

const NO_FAULT = (program: Program) =>
  expect(program.jsonLines.filter(({ kind }) => kind === "fault")).toEqual([]);

describe("people", () => {
  test("two users meet, exchange messages and leave", async () => {
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
    NO_FAULT(ana);
    NO_FAULT(bob);
    expect((await ana.signal("SIGINT")).exitCode).toBe(130);
  });

  test("a name belongs to the first key", async () => {
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

test("requires the password to read; users without it get one warning and no text", async () => {
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
    expect(out).not.toContain('"bob"');
  }
  const faults = dan.jsonLines.filter(({ kind }) => kind === "fault");
  expect(faults).toHaveLength(1);
});

test("exchanges plain text with a script at 224.1.1.1:5004, byte for byte", async () => {
  await using sandbox = new Sandbox();
  // Other programs use this group too, so the test checks only its own texts.
  const place = { group: "224.1.1.1", port: 5004 };
  const mark = crypto.randomUUID();
  const other = await script(sandbox, place);
  const program = sandbox.home("plain").start(["lan", "--interface", "127.0.0.1", "--plain"]);
  await program.stderrLine("joined 224.1.1.1:5004");
  program.type(`grüße ✓ ${mark}`, `// ${mark}`);
  await receivedText(other, `grüße ✓ ${mark}`);
  await receivedText(other, `/ ${mark}`);
  other.type(`hello chat ${mark}`);
  await program.out.next("the text", (line) => line === `hello chat ${mark}`);
  expect((await program.finish()).exitCode).toBe(0);
});
