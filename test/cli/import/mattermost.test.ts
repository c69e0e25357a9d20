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
  const { entries, problems, skipped } = readMattermost(
    lines(
      { type: "version", version: 1 },
      { type: "channel", channel: { name: "town-square" } },
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
  expect(skipped).toBe(5);
  const wrong = problems.map(({ location }) => location);
  expect(wrong).toEqual(["line 8", "line 9", "line 10", "line 10, reply 1"]);
  expect(entries).toMatchObject([
    { kind: "text", from: "ana", text: "hi", timeUnixMs: POST.create_at, key: "line 3" },
    { kind: "reaction", from: "ben", react: ":+1:", re: "line 3" },
    { kind: "text", from: "ben", text: "[file a.png]", re: "line 3" },
    { kind: "action", text: "waves" },
  ]);
});

test("rejects an unknown channel and lists the known ones", () => {
  const file = lines({ type: "version" }, { type: "post", post: POST });
  expect(() => readMattermost(file, wanted("lobby"))).toThrow(
    "no channel 'lobby' in the export; channels: town-square",
  );
});
