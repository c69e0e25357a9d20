import { expect, test } from "bun:test";
import { type Home, ndjson, type Sandbox } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const TEXT_BYTES_MAX = 65_536;
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const WELCOME = "Be kind.\nNo homework.";

const server = new SharedServer({ args: ["--welcome", WELCOME] });

async function member(sandbox: Sandbox, user: string, room: string): Promise<Home> {
  const home = sandbox.home(user).with({ CHAT_USER: user });
  await home.run(["join", "--room", room]);
  return home;
}

server.test("--json prints connected, then records, acks and presence", async (sandbox) => {
  const anas = await member(sandbox, "ana", "first");
  const bobs = await member(sandbox, "bob", "first");
  const ana = await anas.join(["--room", "first"]);
  expect(ana.jsonLines[0]).toEqual({
    kind: "connected",
    server: expect.any(String),
    user: "ana",
    room: "first",
    rooms: ["lobby", "first"],
    transport: "tcp",
    fingerprint: server.served.fingerprint,
    welcome: WELCOME,
  });
  const bob = await bobs.join(["--room", "first"]);
  expect(await ana.json("presence", { room: "first" })).toEqual({
    kind: "presence",
    room: "first",
    user: "bob",
    online: true,
  });
  ana.type("hi");
  const ack = await ana.json("ack");
  expect(ack).toEqual({ kind: "ack", seq: expect.any(Number), room: "first", text: "hi" });
  const record = { seq: ack["seq"], time: TIME, room: "first", from: "ana", text: "hi" };
  expect(await bob.json("text")).toEqual({ kind: "text", ...record });
  expect(await ana.json("text")).toEqual({ kind: "text", ...record });
  expect((await bob.finish()).exitCode).toBe(0);
  expect(await ana.json("presence", { online: false })).toMatchObject({ user: "bob" });
  const { exitCode, err } = await ana.finish();
  expect([exitCode, err]).toEqual([0, ""]);
});

server.test("/search filters, and /jump prints from a date or number on", async (sandbox) => {
  const anas = await member(sandbox, "nia", "found");
  const bens = await member(sandbox, "ned", "found");
  await bens.run(["send", "--to", "found", "a red fox"]);
  await bens.run(["send", "--to", "found", "a red herring"]);
  await anas.run(["send", "--to", "found", "A Fox again"]);
  const found = async (line: string) => {
    const stdin = `${line}\n`;
    const { out } = await anas.run(["join", "--room", "found", "--json"], { stdin });
    return ndjson(out).filter(({ kind }) => kind === "text" || kind === "fault");
  };
  await found(""); // Nothing is unread now.
  const texts = async (line: string) => (await found(line)).map(({ text, code }) => code ?? text);
  expect(await texts("/search from:ned fox")).toEqual(["a red fox"]);
  expect(await texts("/search in:here after:yesterday fox")).toEqual(["a red fox", "A Fox again"]);
  expect(await texts("/search before:yesterday fox")).toEqual([]);
  expect(await texts("/search in:nowhere fox")).toEqual(["room-unknown"]);
  expect(await texts("/search after:soon fox")).toEqual(["usage"]);
  const [, herring] = await found("/jump yesterday");
  expect(await texts(`/goto #${herring?.["seq"]}`)).toEqual(["a red herring", "A Fox again"]);
  expect(await texts("/goto 2099-01-01")).toEqual([]);
});

server.test("a later run votes in the newest poll without its number", async (sandbox) => {
  const ola = await member(sandbox, "ola", "polled");
  const pia = await member(sandbox, "pia", "polled");
  await ola.run(["join", "--room", "polled"], { stdin: "/poll Lunch? | soup | rice\n" });
  await pia.run(["join", "--room", "polled"], { stdin: "" });
  // The next run loads only what this one has not read.
  await ola.run(["send", "--to", "polled", "who is hungry?"]);
  const stdin = "/vote 2\n/poll\n";
  const { out } = await pia.run(["join", "--room", "polled", "--json"], { stdin });
  const results = ndjson(out).find(({ kind }) => kind === "poll-results");
  expect(results).toMatchObject({
    question: "Lunch?",
    options: [
      { option: "soup", count: 0 },
      { option: "rice", count: 1, by: ["pia"] },
    ],
  });
});

server.test("/threads names the threads with new replies", async (sandbox) => {
  const kai = sandbox.home("kai").with({ CHAT_USER: "kai" });
  const liv = sandbox.home("liv").with({ CHAT_USER: "liv" });
  await kai.run(["join"], { stdin: "/join threads\n" });
  const [sent] = await kai.json(["send", "--to", "threads", "shall we?"]);
  const seq = sent?.["seq"];
  await kai.run(["join", "--room", "threads"], { stdin: `/follow ${seq}\n` });
  const listed = () => kai.run(["join", "--room", "threads"], { stdin: "/threads\n" });
  expect((await listed()).err).not.toContain("new replies");
  await liv.run(["join", "--room", "threads"], { stdin: `/reply ${seq} yes\n` });
  const { out, err } = await listed();
  expect(out).toContain("shall we?");
  expect(err).toContain(`new replies to #${seq}`);
});

server.test("refuses only the message that exceeds 65,536 bytes", async (sandbox) => {
  const eva = await member(sandbox, "eva", "long");
  const full = "é".repeat(TEXT_BYTES_MAX / 2);
  const stdin = `before\n${full}x\n${full}\nafter\n`;
  const sent = await eva.run(["send", "--to", "long", "--json"], { stdin });
  const lines = ndjson(sent.out).map(({ kind, code }) => code ?? kind);
  expect(lines.toSorted()).toEqual(["sent", "sent", "sent", "too-large"]);
  expect(sent.exitCode).toBe(3);
  expect(sent.err).toBe(
    "chat: line 2: a message can have at most 65536 bytes, not 65537; " +
      "split it, or send it as a file\n",
  );
  const joined = await eva.run(["join", "--room", "long", "--json"], { stdin: `${full}x\nok\n` });
  expect(ndjson(joined.out)).toContainEqual(expect.objectContaining({ code: "too-large" }));
  expect(joined.exitCode).toBe(3);
  const texts = await eva.json(["history", "--room", "long"]);
  const received = texts.filter(({ kind }) => kind === "text").map(({ text }) => text);
  expect(received).toEqual(["before", full, "after", "ok"]);
});

test("exits with 130 after Ctrl-C and with an error after SIGTERM, without leftovers", async () => {
  await using sandbox = server.guests();
  const rob = await member(sandbox, "rob", "signals");
  const joined = await rob.join([]);
  const interrupted = await joined.signal("SIGINT");
  expect(interrupted.exitCode).toBe(130);
  expect(ndjson(interrupted.out).at(-1)).toMatchObject({ kind: "fault", code: "interrupted" });
  const again = await rob.join([]);
  expect((await again.signal("SIGTERM")).exitCode).toBe(143);
  const sending = rob.start(["send"]);
  sending.type("one");
  await sending.out.next("its seq", (line) => /^\d+$/.test(line));
  expect((await sending.signal("SIGINT")).exitCode).toBe(130);
});
