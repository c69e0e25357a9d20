import { expect } from "bun:test";
import { queryPins } from "../../src/client/pins.ts";
import type { ChatRecord } from "../../src/core/client/chat-record.ts";
import type { ModelEvent } from "../../src/core/model/event.ts";
import { RowBuilder } from "../../src/core/model/rows.ts";
import { updateAll } from "../../src/core/model/update.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { record, recordEvent, scene } from "../core/model-scene.ts";
import { IrcSite } from "../server/irc/irc-site.ts";
import { exempt, heldBy, testRule } from "./rule.ts";

const IGNORED_BEN: ModelEvent = { kind: "ignored", users: ["ben"] };
const utc = () => 0;

/** Texts that a search for `query` displays, of which ben wrote the first. */
function found(query: { readonly from?: string; readonly files?: boolean }): readonly string[] {
  const search = { input: "x", text: "x", ...query };
  const records = [
    record(2, { body: { text: "x1" } }),
    record(3, { from: "cleo", body: { text: "x2" } }),
  ];
  const { model } = scene(
    IGNORED_BEN,
    { kind: "search", query: search },
    { kind: "found", query: search, records: records as readonly ChatRecord[], hasMore: false },
  );
  return model.search?.found.map(({ item }) => item.text) ?? [];
}

function showsQuote(): void {
  const answer = recordEvent(3, { from: "cleo", body: { text: "no", re: 2 } });
  const opened = scene(recordEvent(2), answer, { kind: "open", target: "lobby" }).model;
  const quotesIn = (model: typeof opened) =>
    new RowBuilder()
      .rowsOf(model, utc)
      .rows.flatMap((row) => (row.kind === "item" && row.re === 2 ? [row.answers?.seq] : []));
  expect(quotesIn(opened)).toEqual([2]);
  expect(quotesIn(updateAll(opened, [IGNORED_BEN]).model)).toEqual([undefined]);
}

async function pinned(users: readonly string[]): Promise<readonly (string | undefined)[]> {
  const records = [record(2), record(3, { from: "cleo" })];
  const options = { request: expect.unreachable, sha256, model: { ignored: new Set(users) } };
  const pins = await queryPins(
    { ...options, history: async () => ({ records, more: false }) },
    "lobby",
  );
  return pins.map(({ from }) => from);
}

/** Lines of an IRC client that ignores ben and asks for the history, if `hasHistory`. */
async function ircLines(hasHistory: boolean): Promise<string> {
  const irc = await IrcSite.open();
  const [ana, ben, cleo] = [
    await irc.member("ana"),
    await irc.member("ben"),
    await irc.member("cleo"),
  ];
  await ana.request("ignore", { user: "ben", on: true });
  await irc.site.wait(ben.post("@ana hidden"));
  await irc.site.wait(ben.post("hidden, too", "@ana"));
  await irc.site.wait(cleo.post("visible"));
  const client = await (hasHistory ? irc.client("ana") : irc.client("ana", ""));
  for (const who of [ben, cleo]) await who.request("hand", { room: "lobby", on: true });
  if (hasHistory) client.send("CHATHISTORY LATEST #lobby * 50", "CHATHISTORY LATEST ben * 50");
  client.send("PING end");
  await client.until("PONG");
  await irc.site.quiet();
  return client.lines.join("\n");
}

testRule("what an ignored person wrote is shown nowhere", "read messages", {
  page: heldBy("core/model/rows.test.ts", "hides messages of ignored users, but not their joins"),
  "page: search": () => {
    expect(found({})).toEqual(["x2"]);
    expect(found({ from: "ben" })).toEqual(["x2", "x1"]);
  },
  "page: Activity": heldBy(
    "core/model/activity.test.ts",
    "omits the user's own mentions and ignored people",
  ),
  "page: files": () => expect(found({ files: true })).toEqual(["x2"]),
  "full screen": heldBy(
    "core/model/rows.test.ts",
    "hides messages of ignored users, but not their joins",
  ),
  "line mode": heldBy("e2e/reading.test.ts", "hides messages of an ignored user on all devices"),
  "join --json": heldBy("e2e/reading.test.ts", "hides messages of an ignored user on all devices"),
  history: exempt("the record of what was said, which docs/talking.md names as the exception"),
  "history --json": exempt(
    "the record of what was said, which docs/talking.md names as the exception",
  ),
  "history --follow": exempt(
    "the record of what was said, which docs/talking.md names as the exception",
  ),
  "history --data": exempt("reads a server's folder, which knows no reader"),
  "search in the terminal": () => expect(found({})).toEqual(["x2"]),
  files: exempt("lists what a room holds, like history, and marks nothing as new"),
  IRC: heldBy("core/irc/shared-message.test.ts", "omit those of ignored users"),
  "IRC playback": async () => {
    for (const hasHistory of [false, true]) {
      const lines = await ircLines(hasHistory);
      expect(lines).toContain("visible");
      expect(lines).not.toContain("hidden");
      expect(lines.match(/\S+ raised a hand/g)).toEqual([":cleo raised a hand"]);
    }
  },
  export: exempt("an archive is complete, so that it can be proved and imported"),
  "export --html": exempt("an archive is complete, so that it can be proved and imported"),
  "encrypted room": heldBy(
    "core/model/rows.test.ts",
    "hides messages of ignored users, but not their joins",
  ),
  conversation: heldBy("e2e/reading.test.ts", "hides messages of an ignored user on all devices"),
  thread: heldBy("core/model/rows.test.ts", "hides messages of ignored users, but not their joins"),
  "quoted by a reply": showsQuote,
  pinned: async () => {
    expect(await pinned([])).toEqual(["cleo", "ben"]);
    expect(await pinned(["ben"])).toEqual(["cleo"]);
  },
  "get-file --follow": heldBy(
    "e2e/files.test.ts",
    "get-file --follow fetches earlier and later files once",
  ),
});

testRule("an ignored person alerts nobody", "be alerted", {
  page: heldBy(
    "core/model/selectors.test.ts",
    "does not count messages or mentions by ignored users",
  ),
  "page: notification": heldBy(
    "core/model/selectors.test.ts",
    "does not count messages or mentions by ignored users",
  ),
  push: heldBy("server/push/service.test.ts", "skips ignored users, and rooms that the user left"),
  "full screen": heldBy(
    "core/model/selectors.test.ts",
    "does not count messages or mentions by ignored users",
  ),
  "line mode": heldBy("e2e/reading.test.ts", "hides messages of an ignored user on all devices"),
  "join --json": heldBy("e2e/reading.test.ts", "hides messages of an ignored user on all devices"),
  "history --follow --exec": heldBy(
    "e2e/history.test.ts",
    "--exec runs a command for each message, past failures",
  ),
  IRC: async () => expect(await ircLines(false)).not.toContain("hidden"),
  "encrypted room": heldBy(
    "core/model/selectors.test.ts",
    "does not count messages or mentions by ignored users",
  ),
  conversation: heldBy(
    "server/push/service.test.ts",
    "skips ignored users, and rooms that the user left",
  ),
  thread: heldBy(
    "core/model/selectors.test.ts",
    "does not count messages or mentions by ignored users",
  ),
  "caption of a file": heldBy(
    "core/model/selectors.test.ts",
    "does not count messages or mentions by ignored users",
  ),
  "edited text": heldBy(
    "core/model/selectors.test.ts",
    "does not count messages or mentions by ignored users",
  ),
  HTTP: heldBy("server/push/service.test.ts", "skips ignored users, and rooms that the user left"),
  webhook: heldBy(
    "server/push/service.test.ts",
    "skips ignored users, and rooms that the user left",
  ),
});
