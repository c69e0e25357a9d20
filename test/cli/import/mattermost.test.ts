import { expect, test } from "bun:test";
import { finishSteps } from "../../../src/base/steps.ts";
import { readMattermost as stepsOf } from "../../../src/cli/import/mattermost.ts";

const readMattermost = (...args: Parameters<typeof stepsOf>) => finishSteps(stepsOf(...args));
const wanted = (channel: string) => ({ channel, isChannelGiven: true });
const SENT = { user: "ana", message: "hi", create_at: 1_600_000_000_000 };
const POST = { team: "t", channel: "town-square", ...SENT };
const fileOf = (path: string, records: readonly object[]) => ({
  path,
  read: () =>
    new TextEncoder().encode(records.map((record) => `${JSON.stringify(record)}\n`).join("")),
});
const lines = (...records: object[]) => [fileOf("", records)];

test("reads posts with replies, reactions and attachments", () => {
  const reactions = [{ user: "ben", emoji_name: "+1", create_at: 1_600_000_000_500 }];
  const replies = [
    { user: "ben", message: "", create_at: 1_600_000_001_000, attachments: [{ path: "d/a.png" }] },
  ];
  const { entries, problems, skippedKinds } = readMattermost(
    lines(
      { type: "version", version: 1 },
      { type: "channel", channel: { team: "t", name: "town-square" } },
      { type: "post", post: { ...POST, reactions, replies } },
      { type: "post", post: { ...POST, channel: "other" } },
      { type: "post", post: { ...POST, type: "system_join_channel" } },
      { type: "post", post: { ...POST, type: "me", message: "waves" } },
      { type: "direct_post", direct_post: {} },
      { type: "post" },
      { no: "type" },
      { type: "post", post: { ...POST, replies: [5], user: "" } },
    ),
    wanted("Town-Square"),
  );
  expect(skippedKinds.map(({ reason, count, example }) => [reason, count, example])).toEqual([
    ["version (not a message)", 1, "line 1"],
    ["channel (not a message)", 1, "line 2"],
    ["post in another channel", 2, "line 4: 't/other'"],
    ["system_join_channel (event)", 1, "line 5: 'hi'"],
  ]);
  const wrong = problems.map(({ location }) => location);
  expect(wrong).toEqual(["line 8", "line 9", "line 10", "line 10, reply 1"]);
  expect(entries).toMatchObject([
    {
      kind: "text",
      from: "ana",
      text: "hi",
      timeUnixMs: POST.create_at,
      key: "1600000000000 ana 0",
    },
    { kind: "reaction", from: "ben", react: "👍", re: "1600000000000 ana 0" },
    { kind: "text", from: "ben", text: "[file a.png]", re: "1600000000000 ana 0" },
    { kind: "action", text: "waves" },
  ]);
});

const ATTACHMENT = {
  fallback: "build 7 failed",
  title: "build 7",
  title_link: "https://ci.example/7",
  fields: [{ title: "took", value: 12 }],
};

test.each([
  ["the fallback", { attachments: [{ fallback: "build 7 failed" }] }, "build 7 failed"],
  ["a card", { attachments: [ATTACHMENT] }, "build 7 (https://ci.example/7)\ntook: 12"],
  [
    "properties as JSON",
    JSON.stringify({ attachments: [ATTACHMENT] }),
    "build 7 (https://ci.example/7)\ntook: 12",
  ],
  ["a card of the sidebar", { card: "**Budget**" }, "**Budget**"],
  [
    "properties of a plugin",
    {
      title: "Standup",
      participants: ["w1h3c5xqnbdkxr8qk6q1x8t5yo"],
      from_plugin: "true",
      webhook_display_name: "calls",
    },
    "Standup",
  ],
])("imports a post that has only %s", (_, props, text) => {
  const post = { ...POST, message: "", type: "slack_attachment", props };
  const file = lines({ type: "version" }, { type: "post", post });
  expect(readMattermost(file, wanted("town-square")).entries).toMatchObject([{ text }]);
});

test("names an integration by its override, and imports unknown types", () => {
  const props = { override_username: "CI", from_webhook: "true" };
  const posts = [
    { ...POST, user: "hook", props },
    { ...POST, type: "custom_calls", message: "call :tada: `:x:`" },
    { ...POST, type: "custom_empty", message: "" },
  ];
  const file = lines({ type: "version" }, ...posts.map((post) => ({ type: "post", post })));
  const { entries, skippedKinds } = readMattermost(file, wanted("town-square"));
  expect(entries).toMatchObject([
    { from: "CI", text: "hi" },
    { from: "ana", text: "call 🎉 `:x:`" },
  ]);
  expect(skippedKinds.at(-1)).toMatchObject({ reason: "custom_empty without text" });
});

test("imports posts of a kind that is newer than the importer", () => {
  const later = { ...POST, create_at: POST.create_at + 1 };
  const file = lines(
    { type: "version" },
    { type: "thread_post", thread_post: POST },
    { type: "direct_note", direct_note: { ...SENT, channel_members: ["ana", "ben"] } },
    { type: "note", note: { ...later, message: "", attachments: [{ path: "a\\b\\win.doc" }] } },
    { type: "roster", roster: { channel: "town-square", team: "t" } },
  );
  const { entries, skippedKinds } = readMattermost(file, wanted("town-square"));
  expect(entries).toMatchObject([{ text: "hi" }, { text: "[file win.doc]" }]);
  const skipped = skippedKinds.map(({ reason }) => reason);
  expect(skipped).toEqual([
    "version (not a message)",
    "post in another channel",
    "roster (not a message)",
  ]);
  expect(readMattermost(file, wanted("@ana,@ben")).entries).toMatchObject([{ text: "hi" }]);
});

test("keeps a thread whose first post is an event", () => {
  const replies = [{ user: "ben", message: "why?", create_at: 1_600_000_001_000 }];
  const post = { ...POST, type: "system_header_change", message: "changed", replies };
  const file = lines({ type: "version" }, { type: "post", post });
  expect(readMattermost(file, wanted("town-square")).entries).toMatchObject([
    { text: "changed", key: "1600000000000 ana 0" },
    { text: "why?", re: "1600000000000 ana 0" },
  ]);
});

test("imports what two exports that overlap have, once and in its last form", () => {
  const reply = { user: "ben", message: "yes", create_at: 1_600_000_001_000 };
  const reactions = [{ user: "ben", emoji_name: "+1", create_at: 1_600_000_000_500 }];
  const root = { ...POST, replies: [reply], reactions };
  const later = { ...reply, message: "and no", create_at: 1_600_000_002_000 };
  const post = (fields: object) => ({ type: "post", post: { ...POST, ...fields } });
  const twice = post({ user: "hook", message: "same" });
  const files = [
    fileOf("1.jsonl", [{ type: "version" }, post(root), twice, twice]),
    fileOf("2.jsonl", [
      { type: "version" },
      post({ ...root, message: "hello", replies: [reply, later] }),
      ...[twice, twice],
      post({ user: "hook", message: "third" }),
    ]),
  ];
  const { entries, problems } = readMattermost(files, wanted("town-square"));
  expect(problems).toEqual([]);
  const key = "1600000000000 ana 0";
  expect(entries).toMatchObject([
    { kind: "text", text: "hi", key },
    { kind: "reaction", react: "👍", re: key },
    { text: "yes", re: key },
    { text: "same" },
    { text: "same" },
    { kind: "edit", text: "hello", re: key, location: "2.jsonl, line 2" },
    { text: "and no", re: key },
    { text: "third" },
  ]);
});

test("imports no deleted post, but the replies to it", () => {
  const replies = [{ user: "ben", message: "why?", create_at: 1_600_000_001_000 }];
  const post = { ...POST, delete_at: 1_600_000_003_000, replies };
  const file = lines({ type: "version" }, { type: "post", post });
  const { entries, skippedKinds } = readMattermost(file, wanted("town-square"));
  expect(entries).toMatchObject([{ text: "why?", re: undefined }]);
  expect(skippedKinds).toMatchObject([{}, { reason: "deleted post", count: 1 }]);
});

test("keeps teams and direct conversations apart", () => {
  const file = lines(
    { type: "version" },
    { type: "post", post: { ...POST, team: "hr", message: "salaries" } },
    { type: "post", post: { ...POST, team: "lab", message: "beamtime" } },
    {
      type: "direct_post",
      direct_post: { ...SENT, channel_members: ["ben", "ana"], message: "psst" },
    },
  );
  expect(() => readMattermost(file, wanted("town-square"))).toThrow(
    "the export has 2 teams: hr/town-square, lab/town-square",
  );
  const textsIn = (channel: string) =>
    readMattermost(file, wanted(channel)).entries.map(
      (entry) => entry.kind === "text" && entry.text,
    );
  expect(textsIn("lab/town-square")).toEqual(["beamtime"]);
  expect(textsIn("HR/Town-Square")).toEqual(["salaries"]);
  expect(textsIn("ana,ben")).toEqual(["psst"]);
  expect(textsIn("@ana,@ben")).toEqual(["psst"]);
});

test("rejects an unknown channel and lists the known ones", () => {
  const file = lines({ type: "version" }, { type: "post", post: POST });
  expect(() => readMattermost(file, wanted("lobby"))).toThrow(
    "no channel 'lobby' in the export; channels: town-square",
  );
  expect(() => readMattermost(lines({ type: "version" }), wanted("lobby"))).toThrow("none");
});
