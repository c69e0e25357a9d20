import { expect } from "bun:test";
import { renderPage } from "../../src/cli/export/html.ts";
import { displayBody } from "../../src/cli/output/records.ts";
import {
  type DisplayRecord,
  recordJson,
  renderRecord,
  styleOf,
} from "../../src/cli/output/render.ts";
import { STAMPS } from "../../src/wire/messages.ts";
import { record } from "../core/model-scene.ts";
import { IrcSite } from "../server/irc/irc-site.ts";
import { exempt, heldBy, testRule } from "./rule.ts";

const WORD = "One thing to fix";

/** Ana's stamp on the work of ben, as a terminal displays it. */
function displayed(stamp: string): DisplayRecord {
  const one = record(2, { from: "ana", body: { text: WORD, stamp } });
  const destination = { room: "essay@ben" };
  const { timeUnixMs } = one;
  return {
    ...displayBody({ ...one, from: "ana" }),
    timeUnixMs,
    destination,
  } as unknown as DisplayRecord;
}

function inLines(): void {
  for (const isTerminal of [false, true]) {
    const style = styleOf({
      json: false,
      color: false,
      stdout: { isTerminal, columns: () => 80 } as Parameters<typeof styleOf>[0]["stdout"],
      offsetMinutes: () => 0,
    });
    expect(renderRecord(displayed("fix"), style)).toContain(WORD);
  }
}

function inJson(): void {
  for (const stamp of STAMPS)
    expect(recordJson(displayed(stamp))).toMatchObject({ kind: "text", text: WORD, stamp });
  // A stamp of a later version is its word alone.
  expect(recordJson(displayed("gold"))).not.toHaveProperty("stamp");
}

function inHtml(): void {
  const options = {
    title: "essay@ben",
    offsetMinutes: () => 0,
    exportedUnixMs: 0,
    zone: "UTC",
    file: () => undefined,
  } as Parameters<typeof renderPage>[1];
  expect([...renderPage([displayed("fix")], options)].join("")).toContain(WORD);
}

async function onIrc(): Promise<void> {
  const irc = await IrcSite.open();
  const [ana, ben] = [await irc.member("ana"), await irc.member("ben")];
  await ana.request("join", { room: "essay", create: true });
  await ana.request("rules", { room: "essay", post: "private" });
  await ben.request("join", { room: "essay" });
  await irc.site.wait(ben.post("my essay", "essay@ben"));
  const client = await irc.client("ben");
  await irc.site.wait(ana.post(WORD, "essay@ben", undefined, { stamp: "fix" }));
  await irc.site.quiet();
  client.send("CHATHISTORY LATEST #essay@ben * 50", "PING end");
  await client.until("PONG");
  const words = client.lines.filter((line) => line.includes(`PRIVMSG #essay@ben :${WORD}`));
  // As it arrived, and from the history.
  expect(words).toHaveLength(2);
}

const ON_PAGE = heldBy("page/desk.test.ts", 'hasText: "One thing to fix"');
const TEXT = exempt("shows texts of all rooms alike, and a stamp is a text with its word");

testRule("the owner of work reads the word of a stamp on it", "read messages", {
  page: ON_PAGE,
  "page: search": TEXT,
  "page: Activity": TEXT,
  "page: files": exempt("lists files, and a stamp has none"),
  "full screen": heldBy("cli/chat/stamp.test.ts", "a moderator stamps work in %s"),
  "line mode": inLines,
  "join --json": inJson,
  history: inLines,
  "history --json": inJson,
  "history --follow": inLines,
  "history --data": inLines,
  "search in the terminal": inLines,
  files: exempt("lists files, and a stamp has none"),
  IRC: onIrc,
  "IRC playback": onIrc,
  export: inJson,
  "export --html": inHtml,
  "encrypted room": exempt("an encrypted room cannot be an assignment, so it has no boxes"),
  conversation: heldBy("server/rooms/assignment.test.ts", "keeps stamps on work"),
  thread: heldBy("core/rooms/drafts.test.ts", "is a stamp only if it is a plain text"),
  "quoted by a reply": TEXT,
  pinned: TEXT,
  "get-file --follow": exempt("prints what it has downloaded, and no messages"),
});
