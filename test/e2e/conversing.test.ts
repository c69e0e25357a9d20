import { describe, expect, test } from "bun:test";
import { type Home, ndjson, type Program, Sandbox, type Served } from "./program.ts";

/** `chat join` line by line and `chat send`: what is printed, what is a text, what is a command. */

const TEXT_BYTES_MAX = 65_536;
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

interface Lobby extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly served: Served;
  readonly ana: Home;
  readonly bob: Home;
}

/** A server with two people who are registered. */
async function lobby(args: readonly string[] = []): Promise<Lobby> {
  const sandbox = new Sandbox();
  const served = await sandbox.serve({ args });
  const [ana, bob] = ["ana", "bob"].map((user) => sandbox.home(user).with({ CHAT_USER: user }));
  if (ana === undefined || bob === undefined) throw new Error("two people are needed");
  await ana.json(["register"]);
  await bob.json(["register"]);
  return { sandbox, served, ana, bob, [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose]() };
}

function kinds(program: Program): string[] {
  return program.jsonLines.map(({ kind }) => kind);
}

test("--json: connected first, then records, an ack for each own text, presence", async () => {
  await using place = await lobby(["--welcome", "Be kind."]);
  const ana = await place.ana.join([]);
  expect(kinds(ana)[0]).toBe("connected");
  expect(ana.jsonLines[0]).toEqual({
    kind: "connected",
    server: expect.any(String),
    user: "ana",
    room: "lobby",
    rooms: ["lobby"],
    transport: "tcp",
    fingerprint: place.served.fingerprint,
    welcome: "Be kind.",
  });
  const bob = await place.bob.join([]);
  expect(await ana.json("presence")).toEqual({
    kind: "presence",
    room: "lobby",
    user: "bob",
    online: true,
  });
  ana.type("hi");
  const ack = await ana.json("ack");
  expect(ack).toEqual({ kind: "ack", seq: expect.any(Number), room: "lobby", text: "hi" });
  const record = { seq: ack["seq"], time: TIME, room: "lobby", from: "ana", text: "hi" };
  expect(await bob.json("text")).toEqual({ kind: "text", ...record });
  expect(await ana.json("text")).toEqual({ kind: "text", ...record });
  expect((await bob.finish()).exitCode).toBe(0);
  expect(await ana.json("presence", { online: false })).toMatchObject({ user: "bob" });
  const { exitCode, err } = await ana.finish();
  expect([exitCode, err]).toEqual([0, ""]);
});

test("the welcome greets each newcomer, and in a pipe on standard error", async () => {
  await using place = await lobby(["--welcome", "Be kind.\nNo homework."]);
  for (const home of [place.ana, place.bob]) {
    const { exitCode, out, err } = await home.run(["join"]);
    expect(exitCode).toBe(0);
    expect(err).toContain("chat: Be kind.\n        No homework.\n");
    expect(out).not.toContain("kind");
  }
});

test("standard output in a pipe is TSV and nothing else", async () => {
  await using place = await lobby();
  const text = "a\tb\\c";
  const sent = await place.ana.run(["send", text]);
  expect([sent.out, sent.err]).toEqual([expect.stringMatching(/^\d+\n$/), ""]);
  await place.ana.run(["send", "psst", "--to", "@bob"]);
  const { out, err } = await place.bob.run(["join"], { stdin: "/me waves\n/topic Exams\nQUIT\n" });
  const rows = out.split("\n").map((line) => line.split("\t"));
  expect(rows.pop()).toEqual([""]);
  for (const row of rows)
    expect(row).toEqual([TIME, expect.any(String), expect.any(String), expect.anything()]);
  expect(rows.map((row) => row.slice(1))).toEqual([
    ["lobby", "ana", "joined"],
    ["lobby", "bob", "joined"],
    ["lobby", "ana", "a\\tb\\\\c"],
    ["@ana", "ana", "psst"],
    ["lobby", "bob", "waves"],
    ["lobby", "bob", "set the topic: Exams"],
  ]);
  expect(err.split("\n").filter((line) => !line.startsWith("chat: "))).toEqual([""]);
});

describe("texts", () => {
  test("65,536 bytes are a text, one more is refused and costs nothing else", async () => {
    await using place = await lobby();
    const full = "é".repeat(TEXT_BYTES_MAX / 2);
    const stdin = `before\n${full}x\n${full}\nafter\n`;
    const sent = await place.ana.run(["send", "--json"], { stdin });
    const lines = ndjson(sent.out).map(({ kind, code }) => code ?? kind);
    expect(lines.toSorted()).toEqual(["sent", "sent", "sent", "too-large"]);
    expect(sent.exitCode).toBe(3);
    expect(sent.err).toBe(
      "chat: line 2: a text has at most 65536 bytes, not 65537; send it in parts, or as a file\n",
    );
    const texts = await place.bob.json(["history", "--from", "ana"]);
    const said = texts.filter(({ kind }) => kind === "text").map(({ text }) => text);
    expect(said).toEqual(["before", full, "after"]);
    const joined = await place.bob.run(["join", "--json"], { stdin: `${full}x\nok\n` });
    expect(ndjson(joined.out)).toContainEqual(expect.objectContaining({ code: "too-large" }));
    expect(ndjson(joined.out)).toContainEqual(expect.objectContaining({ kind: "ack", text: "ok" }));
    expect(joined.exitCode).toBe(3);
  });

  test("bytes that are no UTF-8 are refused, the lines around them arrive", async () => {
    await using place = await lobby();
    const bad = Uint8Array.of(0xff, 0xfe, 0x0a);
    const stdin = Buffer.concat([Buffer.from("one\n"), bad, Buffer.from("two\n")]);
    const sent = await place.ana.run(["send"], { stdin });
    expect([sent.exitCode, sent.out.split("\n").length]).toEqual([2, 3]);
    expect(sent.err).toMatch(/^chat: [^\n]*UTF-8[^\n]*; [^\n]+\n$/);
  });

  test("a blank line is nothing, a blank argument is exit 2", async () => {
    await using place = await lobby();
    const lines = await place.ana.run(["send"], { stdin: "\n \t\na\n\n" });
    expect([lines.exitCode, lines.out]).toEqual([0, expect.stringMatching(/^\d+\n$/)]);
    const joined = await place.ana.run(["join", "--json"], { stdin: "\n  \nb\n" });
    expect(ndjson(joined.out).filter(({ kind }) => kind === "ack").length).toBe(1);
    for (const blank of ["", "   ", "\u3000\n"]) {
      const ran = await place.ana.run(["send", blank]);
      expect([ran.exitCode, ran.err]).toEqual([2, "chat: the message is empty; write some text\n"]);
    }
  });

  test("a refused line of standard input is named, and sets the exit code", async () => {
    await using place = await lobby();
    const stdin = `a\n${"x".repeat(65_537)}\nb\n`;
    const ran = await place.ana.run(["send", "--to", "lobby", "--to", "@nobody", "--json"], {
      stdin,
    });
    const faults = ndjson(ran.out).filter(({ kind }) => kind === "fault");
    expect(faults.map(({ line, code }) => `${line} ${code}`).sort()).toEqual([
      "1 user-unknown",
      "2 too-large",
      "3 user-unknown",
    ]);
    expect(ran.exitCode).toBe(4);
  });

  test.each([
    ["bidi", "evil \u202egpj.exe", "<U+202E>"],
    ["control", "ring \u0007 \u001b[31mred", "\u2407"],
    ["C1", "csi \u009b31m", "<U+009B>"],
    ["family", "👨‍👩‍👧‍👦 नमस्ते می‌خواهم", "👨‍👩‍👧‍👦 नमस्ते می‌خواهم"],
    ["html", "<b>&amp;\"'`$(id)`", "<b>&amp;"],
    ["slash", "C:\\new\\table", "C:\\\\new\\\\table"],
  ])("%s pass unchanged in JSON and are cleaned as text", async (_, text, shown) => {
    await using place = await lobby();
    await place.ana.run(["send", text]);
    const { json, tsv } = {
      json: await place.bob.json(["history", "--from", "ana", "--last", "1"]),
      tsv: await place.bob.run(["history", "--from", "ana", "--last", "1"]),
    };
    expect(json).toMatchObject([{ kind: "text", text }]);
    expect(tsv.out).toContain(shown);
    expect(tsv.out).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
    await place.served.program.json("text", { text });
  });

  test("// sends a slash, an unknown word with a slash sends nothing", async () => {
    await using place = await lobby();
    const typed = ["//etc/passwd", "/bogus", "/mgs bob x", "/", "/toString", "end"];
    const ana = await place.ana.run(["join"], { stdin: `${typed.join("\n")}\n` });
    expect([ana.exitCode, ana.err.split("\n").slice(1)]).toEqual([
      2,
      [
        "chat: line 2: there is no command '/bogus'; see /help",
        "chat: line 3: there is no command '/mgs'; did you mean /msg? see /help",
        "chat: line 4: there is no command '/'; see /help",
        "chat: line 5: there is no command '/toString'; see /help",
        "",
      ],
    ]);
    const said = await place.bob.json(["history", "--from", "ana"]);
    expect(said.flatMap(({ text }) => text ?? [])).toEqual(["/etc/passwd", "end"]);
    const json = await place.bob.join([]);
    json.type("/bogus");
    expect(await json.json("fault")).toEqual({
      kind: "fault",
      code: "usage",
      blame: "user",
      message: "there is no command '/bogus'",
      remedy: "see /help",
      line: 1,
      text: "/bogus",
    });
  });
});

describe("what asks about one's own last words waits for them", () => {
  test("/erase and /edit mean the line before them, not an older one", async () => {
    await using place = await lobby();
    await place.ana.run(["send", "keep this"]);
    const input = "oops\n/erase\nhelo\n/edit hello\n";
    const { out } = await place.ana.run(["join", "--json"], { stdin: input });
    expect(ndjson(out).filter(({ kind }) => kind === "fault")).toEqual([]);
    const said = await place.ana.json(["history", "--room", "lobby"]);
    const texts = said.filter(({ kind }) => kind === "text" || kind === "edited");
    expect(texts.map(({ text }) => text)).toEqual(["keep this", "helo", "hello"]);
    expect(said.filter(({ kind }) => kind === "erased")).toHaveLength(1);
  });

  test("/history and /search find it", async () => {
    await using place = await lobby();
    const input = "one\ntwo\n/history 2\n/search TWO\n";
    const { out } = await place.ana.run(["join", "--json"], { stdin: input });
    const texts = ndjson(out).filter(({ kind }) => kind === "text");
    expect(texts.map(({ text }) => text)).toEqual(["one", "two", "one", "two", "two"]);
  });
});

test("/leave in a conversation goes back to the room, and leaves none", async () => {
  await using place = await lobby();
  const input = "/msg bob\n/leave\nstill here\n";
  const { out } = await place.ana.run(["join", "--json"], { stdin: input });
  const said = ndjson(out).filter(({ from }) => from === "ana");
  expect(said.map(({ kind }) => kind)).not.toContain("leave");
  expect(said.find(({ kind }) => kind === "text")).toMatchObject({
    room: "lobby",
    text: "still here",
  });
});

test("/join with something like a flag makes no room that is locked by it", async () => {
  await using place = await lobby();
  const ana = await place.ana.join([]);
  ana.type("/join vault --sealled");
  expect(await ana.json("fault")).toMatchObject({ code: "usage" });
  expect((await ana.finish()).exitCode).toBe(2);
  const rooms = await place.ana.json(["rooms"]);
  expect(rooms.map(({ room }) => room)).toEqual(["lobby"]);
});

describe("chat send", () => {
  test("prints its seq once durable, as JSON with room and time, once a target", async () => {
    await using place = await lobby();
    const args = ["send", "hi", "--to", "lobby", "--to", "#lobby", "--to", "@bob"];
    const sent = await place.ana.json(args);
    const common = { kind: "sent", seq: expect.any(Number), time: TIME };
    expect(sent).toEqual([
      { ...common, room: "lobby" },
      { ...common, to: "bob", queued: true },
    ]);
    const bob = await place.bob.join([]);
    const [again] = await place.ana.json(["send", "there?", "--to", "@BOB"]);
    expect(again).not.toHaveProperty("queued");
    expect(await bob.json("text", { text: "there?" })).toMatchObject({ to: "bob", from: "ana" });
  });

  test.each([
    [["x", "--to", "nowhere"], 4, "room-unknown"],
    [["x", "--to", "@nobody"], 4, "user-unknown"],
    [["x", "--to", "private"], 3, "not-member"],
    [["x", "--to", "@"], 2, "name-invalid"],
  ])("%j is exit %i, %s", async (args, exitCode, code) => {
    await using place = await lobby();
    await place.bob.run(["join", "--room", "private"]);
    const ran = await place.ana.run(["send", ...args, "--json"]);
    expect([ran.exitCode, ndjson(ran.out)]).toEqual([
      exitCode,
      [expect.objectContaining({ kind: "fault", code })],
    ]);
    expect(ran.err).toMatch(/^chat: [^\n]+; [^\n]+\n$/);
  });

  test.each([
    [["--tp", "lobby"], "unknown flag '--tp'"],
    [["--usr", "x"], "unknown flag '--usr'; did you mean --user?"],
    [["a", "b"], "put words with spaces between quotes"],
    [["--to"], "--to needs a value"],
    [["--transport", "tpc"], "'tpc' is no value of --transport; did you mean tcp?"],
    [["--json=1"], "--json takes no value"],
    [["--user", "ana", "--user", "ana"], "--user was given twice"],
  ])("%j is misuse", async (args, words) => {
    await using sandbox = new Sandbox();
    const ran = await sandbox.home("x").run(["send", ...args]);
    expect([ran.exitCode, ran.out]).toEqual([2, ""]);
    expect(ran.err).toContain(words);
    expect(ran.err.split("\n").length).toBe(2);
  });

  test("-- lets a text begin with a dash; nobody named is exit 2 with a hint", async () => {
    await using place = await lobby();
    expect((await place.ana.run(["send", "--", "--to"])).exitCode).toBe(0);
    const ran = await place.sandbox.home("new").run(["send", "hi"]);
    expect([ran.exitCode, ran.err]).toEqual([
      2,
      "chat: nobody is named; add --user NAME or set CHAT_USER\n",
    ]);
  });

  test("100 lines at once keep their order", async () => {
    await using place = await lobby();
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`);
    const sent = await place.ana.run(["send"], { stdin: lines.join("\n") });
    expect(sent.out.trimEnd().split("\n").map(Number)).toEqual(
      sent.out
        .trimEnd()
        .split("\n")
        .map(Number)
        .toSorted((one, other) => one - other),
    );
    const seen = await place.bob.json(["history", "--from", "ana", "--grep", "line "]);
    expect(seen.map(({ text }) => text)).toEqual(lines);
  });
});

test("Ctrl-C is 130, SIGTERM is no success, both leave cleanly", async () => {
  await using place = await lobby();
  const ana = await place.ana.join([]);
  const interrupted = await ana.signal("SIGINT");
  expect(interrupted.exitCode).toBe(130);
  expect(ndjson(interrupted.out).at(-1)).toMatchObject({ kind: "fault", code: "interrupted" });
  const again = await place.ana.join([]);
  expect((await again.signal("SIGTERM")).exitCode).toBe(143);
  const sending = place.ana.start(["send"]);
  sending.type("one");
  await sending.out.next("its seq", (line) => /^\d+$/.test(line));
  expect((await sending.signal("SIGINT")).exitCode).toBe(130);
});
