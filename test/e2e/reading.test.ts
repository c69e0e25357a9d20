import { expect, test } from "bun:test";
import { type Home, ndjson, type Sandbox } from "./program.ts";
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
  bob.type("/poll Lunch? | soup | rice", "/vote 1", "/hand");
  await bob.json("hand");
  const direct = await bob.json("ack", { to: "finn" });
  expect(Object.keys(direct)).not.toContain("queued");
  await carol.run(["send", "seen"]);
  for (const device of [router, phone]) {
    await device.json("text", { text: "seen" });
    const shown = device.jsonLines.filter((line) => line["from"] === "gus");
    expect(shown.map(({ kind }) => kind)).toEqual(["join"]);
  }
  phone.type("/unignore gus", "/rooms");
  expect(await phone.json("unignored")).toEqual({ kind: "unignored", user: "gus" });
  expect(await phone.json("rooms")).toMatchObject({ people: [{ user: "gus", unread: 0 }] });
  bob.type("heard again");
  await router.json("text", { text: "heard again" });
});

server.test("sends faster than the limit, without loss, repeats or disorder", async (sandbox) => {
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
