import { expect, test } from "bun:test";
import { isSlack, readSlack } from "../../../src/cli/import/slack.ts";
import type { ExportTree } from "../../../src/cli/import/source.ts";

function tree(files: Readonly<Record<string, unknown>>): ExportTree {
  return {
    paths: Object.keys(files),
    read: (path) => new TextEncoder().encode(JSON.stringify(files[path])),
  };
}

const wanted = (channel: string) => ({ channel, isChannelGiven: true });

const USERS = [
  { id: "U1", name: "ana.m", profile: { display_name: "Ana" } },
  { id: "U2", name: "ben", profile: { display_name: "" } },
];
const DAY = [
  { type: "message", subtype: "channel_join", user: "U1", text: "joined", ts: "1600000000.000100" },
  {
    type: "message",
    user: "U1",
    text: "hi <@U2> &amp; <#C1|general>, see <https://x.example|this> &lt;b&gt; <!here>",
    ts: "1600000001.000200",
    reactions: [{ name: "+1", users: ["U2", "U9"], count: 2 }],
  },
  {
    type: "message",
    user: "U2",
    text: "yes",
    ts: "1600000002.000300",
    thread_ts: "1600000001.000200",
    files: [{ name: "a.png" }, { mode: "tombstone" }],
  },
  { type: "message", subtype: "bot_message", username: "ci", text: "done", ts: "1600000003.5" },
  { type: "message", subtype: "me_message", user: "U2", text: "waves", ts: "1600000004" },
  { type: "message", subtype: "huddle_thread", user: "U2", text: "x", ts: "1600000005" },
  "nothing",
];

test("reads a channel with names, threads, reactions and files", () => {
  const day = "general/2020-09-13.json";
  const files = { "users.json": USERS, [day]: DAY, "other/2020-09-13.json": [] };
  const { entries, problems, skipped } = readSlack(tree(files), wanted("General"));
  expect(skipped).toBe(1);
  const wrong = problems.map(({ location }) => location);
  expect(wrong).toEqual([`${day}, message 6`, `${day}, message 7`]);
  const shown = entries.map((entry) => {
    const what = entry.kind === "reaction" ? entry.react : entry.text;
    return [entry.kind, entry.from, entry.timeUnixMs, what];
  });
  const greeting = "hi @ben & #general, see this (https://x.example) <b> @here";
  expect(shown).toEqual([
    ["text", "Ana", 1_600_000_001_000, greeting],
    ["reaction", "ben", 1_600_000_001_000, ":+1:"],
    ["reaction", "U9", 1_600_000_001_000, ":+1:"],
    ["text", "ben", 1_600_000_002_000, "yes\n[file a.png]"],
    ["text", "ci", 1_600_000_003_500, "done"],
    ["action", "ben", 1_600_000_004_000, "waves"],
  ]);
  expect(entries[3]).toMatchObject({ re: "1600000001.000200" });
});

test("accepts the folder of one channel, and names the known channels", () => {
  const one = tree({ "2020-09-13.json": DAY.slice(1, 2) });
  expect(readSlack(one, wanted("whatever")).entries[0]).toMatchObject({ from: "U1" });
  expect(isSlack(one)).toBe(true);
  expect(isSlack(tree({ "a.json": [] }))).toBe(false);
  const export_ = tree({ "x/general/2020-09-13.json": [] });
  expect(() => readSlack(export_, wanted("lobby"))).toThrow(
    "no channel 'lobby' in the export; channels: general",
  );
  expect(readSlack(tree({ "2020-09-13.json": {} }), wanted("x")).problems).toHaveLength(1);
});
