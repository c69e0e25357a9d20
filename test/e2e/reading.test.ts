import { expect, test } from "bun:test";
import { type Home, ndjson, Sandbox } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

/** An account may send five times as many posts at once. */
const POSTS_PER_SECOND = 100;
const LINES = 6 * POSTS_PER_SECOND;

const server = new SharedServer({ args: ["--posts-per-second", String(POSTS_PER_SECOND)] });

async function twoDevices(sandbox: Sandbox, user: string): Promise<[Home, Home]> {
  const ana = { CHAT_USER: user, CHAT_PASSWORD: "pass word" };
  const [one, two] = [sandbox.home("one").with(ana), sandbox.home("two").with(ana)];
  await one.run(["register"]);
  return [one, two];
}

test("two devices of a user share unread counts, live and after a restart", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const password = { CHAT_PASSWORD: "pass word" };
  const one = sandbox.home("one").with({ CHAT_USER: "ana", ...password });
  const two = sandbox.home("two").with({ CHAT_USER: "ana", ...password });
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
  await one.run(["register"]);
  await two.run(["login"]);
  await bob.run(["send", "first"]);
  await bob.run(["send", "--to", "@ana", "psst"]);
  const before = await two.json(["rooms"]);
  expect(before.find((room) => room["room"] === "lobby")).toMatchObject({ unread: 1 });

  const phone = await two.join([]);
  expect(phone.jsonLines[0]).toMatchObject({
    kind: "connected",
    unread: [
      { room: "lobby", count: 1 },
      { to: "bob", count: 1 },
    ],
  });
  const router = await one.join([]);
  await phone.json("text", { text: "first" });
  await router.json("text", { text: "first" });
  await bob.run(["send", "second"]);
  await phone.json("text", { text: "second" });
  await router.json("text", { text: "second" });
  expect((await router.finish()).exitCode).toBe(0);
  const after = await one.json(["rooms"]);
  expect(after.find((room) => room["room"] === "lobby")).toMatchObject({ unread: 0 });
  phone.type("/rooms");
  expect(await phone.json("rooms")).toMatchObject({ people: [{ user: "bob", unread: 0 }] });

  await bob.run(["send", "third"]);
  await phone.json("text", { text: "third" });
  await phone.signal("SIGKILL");
  await served.program.signal("SIGTERM");
  await sandbox.serve({ port: served.port });
  await bob.run(["send", "fourth"]);
  const unread = (await one.json(["rooms"])).find((room) => room["room"] === "lobby")?.["unread"];
  expect([1, 2]).toContain(Number(unread)); // A killed device may not have reported.
  const again = await two.join([]);
  await again.json("text", { text: "fourth" });
  expect((await again.finish()).exitCode).toBe(0);
  const last = await one.json(["rooms"]);
  expect(last.find((room) => room["room"] === "lobby")).toMatchObject({ unread: 0 });
});

test("shows mentions, replies and reactions in JSON, in text and in the history", async () => {
  await using sandbox = server.guests();
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  const bob = await sandbox.home("bob").join(["--user", "bob"]);
  ana.type("shall we, @bob and @carol? (mail@bob)");
  const mention = await bob.json("text", { from: "ana" });
  expect(mention["mentions"]).toEqual(["bob", "carol"]);
  bob.type("/reply yes @ana", "/react 👍", `/react ok ${mention["seq"]}`, "/react no 1");
  expect(await ana.json("text", { from: "bob" })).toMatchObject({
    text: "yes @ana",
    re: mention["seq"],
    mentions: ["ana"],
  });
  const reaction = await ana.json("reaction");
  expect(Object.keys(reaction)).toEqual(["kind", "seq", "time", "room", "from", "re", "react"]);
  expect(reaction).toMatchObject({ from: "bob", re: mention["seq"], react: "👍" });
  expect(await ana.json("reaction")).toMatchObject({ react: "ok" });
  expect(await bob.json("fault")).toMatchObject({ code: "not-found" });
  ana.type("/reply", "/reply 99");
  expect(await ana.json("fault")).toMatchObject({ code: "usage" });
  await bob.json("text", { from: "ana", text: "99" });
  const past = await sandbox.home("ana").json(["history", "--user", "ana", "--last", "10"]);
  expect(past.filter(({ kind }) => kind === "reaction")).toHaveLength(2);
  expect(past.find((record) => record["re"] !== undefined)).toMatchObject({ text: "yes @ana" });
  const folder = await sandbox.home("x").json(["history", "--data", server.served.data]);
  expect(folder.filter(({ kind }) => kind === "reaction")).toHaveLength(2);
});

test("hides messages of an ignored user on all devices, without notifying that user", async () => {
  await using sandbox = server.guests();
  const [one, two] = await twoDevices(sandbox, "finn");
  const bob = await sandbox.home("gus").join(["--user", "gus"]);
  const carol = sandbox.home("hal").with({ CHAT_USER: "hal" });
  const router = await one.join([]);
  const phone = await two.join([]);
  router.type("/ignore gus", "/ignored", "/ignore nobody");
  expect(await router.json("ignoring")).toEqual({ kind: "ignoring", user: "gus" });
  expect(await router.json("ignored")).toEqual({ kind: "ignored", users: ["gus"] });
  expect(await router.json("fault")).toMatchObject({ code: "user-unknown" });
  bob.type("in the room", "/msg finn to him alone", "/me waves");
  await bob.json("ack", { text: "waves" });
  const direct = await bob.json("ack", { to: "finn" });
  expect(Object.keys(direct)).not.toContain("queued");
  await carol.run(["send", "seen"]);
  for (const device of [router, phone]) {
    await device.json("text", { text: "seen" });
    const from = device.jsonLines.filter(({ kind }) => kind === "text" || kind === "action");
    expect(from.filter((line) => line["from"] === "gus")).toEqual([]);
  }
  phone.type("/unignore gus", "/rooms");
  expect(await phone.json("unignored")).toEqual({ kind: "unignored", user: "gus" });
  expect(await phone.json("rooms")).toMatchObject({ people: [{ user: "gus", unread: 0 }] });
  bob.type("heard again");
  await router.json("text", { text: "heard again" });
});

test("sends faster than the limit, without loss, repeats or disorder", async () => {
  await using sandbox = server.guests();
  const lines = Array.from({ length: LINES }, (_, i) => `line ${i}`);
  const ana = sandbox.home("ida").with({ CHAT_USER: "ida" });
  const sent = await ana.run(["send"], { stdin: `${lines.join("\n")}\n` });
  expect([sent.exitCode, sent.err.includes("too fast")]).toEqual([0, false]);
  expect(sent.out.trim().split("\n")).toHaveLength(lines.length);
  const past = await ana.json(["history", "--last", "6000", "--from", "ida"]);
  const texts = past.filter(({ kind }) => kind === "text").map((record) => record["text"]);
  expect(texts).toEqual(lines);

  const more = Array.from({ length: LINES }, (_, i) => `more ${i}`);
  const bob = sandbox.home("jan").with({ CHAT_USER: "jan" });
  const joined = await bob.run(["join", "--json"], { stdin: `${more.join("\n")}\n` });
  const acked = ndjson(joined.out).filter(({ kind }) => kind === "ack");
  expect([joined.exitCode, joined.err.includes("too fast")]).toEqual([0, false]);
  expect(acked.map((ack) => ack["text"])).toEqual(more);
  const seqs = acked.map((ack) => Number(ack["seq"]));
  expect(seqs).toEqual([...seqs].sort((one, other) => one - other));
});
