import { expect, test } from "bun:test";
import { readMattermost } from "../../../src/cli/import/mattermost.ts";

const wanted = (channel: string) => ({ channel, isChannelGiven: true });
const SENT = { user: "ana", message: "hi", create_at: 1_600_000_000_000 };
const POST = { team: "t", channel: "town-square", ...SENT };
const lines = (...records: object[]) =>
  new TextEncoder().encode(records.map((record) => `${JSON.stringify(record)}\n`).join(""));

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
    { kind: "text", from: "ana", text: "hi", timeUnixMs: POST.create_at, key: "line 3" },
    { kind: "reaction", from: "ben", react: "👍", re: "line 3" },
    { kind: "text", from: "ben", text: "[file a.png]", re: "line 3" },
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

test("keeps a thread whose first post is an event", () => {
  const replies = [{ user: "ben", message: "why?", create_at: 1_600_000_001_000 }];
  const post = { ...POST, type: "system_header_change", message: "changed", replies };
  const file = lines({ type: "version" }, { type: "post", post });
  expect(readMattermost(file, wanted("town-square")).entries).toMatchObject([
    { text: "changed", key: "line 2" },
    { text: "why?", re: "line 2" },
  ]);
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
