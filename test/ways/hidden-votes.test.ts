import { expect } from "bun:test";
import { toBase64Url } from "../../src/base/bytes.ts";
import { renderPage } from "../../src/cli/export/html.ts";
import { bodyJson, displayBody } from "../../src/cli/output/records.ts";
import { type DisplayRecord, plainEventText } from "../../src/cli/output/render.ts";
import { BALLOT_NONCE_BYTES, sealBallot } from "../../src/core/rooms/ballot.ts";
import { pollText } from "../../src/core/rooms/polls.ts";
import { record } from "../core/model-scene.ts";
import { IrcSite } from "../server/irc/irc-site.ts";
import { exempt, heldBy, testRule } from "./rule.ts";

const KEY = toBase64Url(new Uint8Array(32).fill(7));
const BALLOT = sealBallot(KEY, new Uint8Array(BALLOT_NONCE_BYTES), [2]);
const HIDES = ["vote", "end"] as const;

/** A poll whose results are hidden, ben's vote for its second option, and its end. */
function displayed(hide: (typeof HIDES)[number], hasEnded: boolean): DisplayRecord[] {
  const poll = { options: 2, hide };
  const vote = hide === "end" ? { ballot: BALLOT } : { choices: [2], hidden: true };
  const end = hide === "end" ? { key: KEY } : {};
  const records = [
    record(2, { body: { text: pollText("Trip?", ["sea", "hills"]), poll } }),
    record(3, { kind: "vote", body: { re: 2, ...vote } }),
    record(4, { kind: "poll", body: { seq: 2, on: false, ...end } }),
  ];
  return records.slice(0, hasEnded ? 3 : 2).map((one) => {
    const { timeUnixMs } = one;
    const destination = { kind: "room", name: "lobby" };
    const facts = displayBody({ ...one, from: "ben" });
    return { ...facts, timeUnixMs, destination } as unknown as DisplayRecord;
  });
}

function hidesInLines(): void {
  for (const hide of HIDES) {
    const [, vote] = displayed(hide, false);
    if (vote !== undefined) expect(plainEventText(vote)).toEndWith("voted in the poll #2");
  }
}

function hidesInJson(): void {
  const [, vote] = displayed("end", false).map((one) => bodyJson(one));
  expect(vote).toMatchObject({ kind: "vote", re: 2, ballot: BALLOT });
  expect(vote).not.toHaveProperty("choices");
  // The choice of a vote that display alone hides is marked.
  expect(displayed("vote", false).map((one) => bodyJson(one))[1]).toMatchObject({ hidden: true });
}

function hidesInHtml(): void {
  const html = (hide: (typeof HIDES)[number], hasEnded: boolean) =>
    [
      ...renderPage(displayed(hide, hasEnded), {
        title: "lobby",
        offsetMinutes: () => 0,
        exportedUnixMs: 0,
        zone: "UTC",
        file: () => undefined,
      } as Parameters<typeof renderPage>[1]),
    ].join("");
  for (const hide of HIDES) {
    expect(html(hide, false)).toContain("<li> 2. hills</li><li>1 voter · votes show");
    expect(html(hide, true)).toContain("1  hills (ben)</li><li>1 voter · closed");
  }
}

/** An IRC client receives the text of the poll, and no vote. */
async function hidesOnIrc(): Promise<void> {
  const irc = await IrcSite.open();
  const [ana, ben] = [await irc.member("ana"), await irc.member("ben")];
  const client = await irc.client("ana");
  const poll = { options: 2, hide: "end" } as const;
  const text = pollText("Trip?", ["sea", "hills"]);
  const { seq } = await irc.site.wait(ana.post(text, "lobby", undefined, { poll }));
  await ben.request("vote", { seq, choices: [2] });
  await ana.request("poll", { seq });
  client.send("CHATHISTORY LATEST #lobby * 50", "PING end");
  await client.until("PONG");
  await irc.site.quiet();
  const lines = client.lines.join("\n");
  expect(lines).toContain("2. hills");
  expect(lines).not.toMatch(/vote/);
}

const MODEL = heldBy("core/model/poll.test.ts", "shows no votes before the end reveals them");
const ON_PAGE = heldBy("page/polls.test.ts", "hides the votes of a poll until its end");
const LIST = exempt("lists messages with the model's view of the poll, whose votes it hides");

testRule("no reader sees the votes of a poll before the poll shows them", "read messages", {
  page: ON_PAGE,
  "page: search": LIST,
  "page: Activity": LIST,
  "page: files": exempt("lists files, and a poll has none"),
  "full screen": MODEL,
  "line mode": hidesInLines,
  "join --json": hidesInJson,
  history: hidesInLines,
  "history --json": hidesInJson,
  "history --follow": hidesInJson,
  "history --data": hidesInJson,
  "search in the terminal": exempt("prints the text of a poll, which contains no votes"),
  files: exempt("lists files, and a poll has none"),
  IRC: hidesOnIrc,
  "IRC playback": hidesOnIrc,
  export: hidesInJson,
  "export --html": hidesInHtml,
  "encrypted room": heldBy("core/rooms/polls.test.ts", "sealed rooms have no polls"),
  conversation: MODEL,
  thread: exempt("a poll is posted to a room, not to a thread"),
  "quoted by a reply": exempt("quotes the question, which contains no votes"),
  pinned: LIST,
  "get-file --follow": exempt("prints what it has downloaded, and no messages"),
});
