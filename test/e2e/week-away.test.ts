import { expect } from "bun:test";
import { IrcConnection } from "./irc-connection.ts";
import { ndjson } from "./program.ts";
import { sandboxTest } from "./shared-server.ts";
import { calledWeek, TEXTS } from "./week.ts";

sandboxTest("a week away: finds all nine calls, and nothing else", async (sandbox) => {
  const { again, ana } = await calledWeek(sandbox);
  const inbox = ndjson((await ana.run(["inbox", "--json"])).out);
  const calls = inbox.filter(({ kind }) => kind === "call");
  expect(calls.map(({ reason, room, text = "" }) => `${reason} ${room} ${text}`)).toEqual([
    "hand room-8 ",
    "invite secret ",
    "mention room-11 @ana the last",
    "everyone room-7 @everyone come",
    "keyword room-6 the Harbour is open",
    "thread room-5 a reply",
    "reply room-4 an answer",
    "mention room-2 @ana new words",
    "mention room-1 @ana the first",
  ]);
  // The reply in the thread is counted there.
  expect(inbox.at(-1)).toMatchObject({ kind: "inbox", calls: 9, unread: TEXTS + 8 });
  const lines = (await ana.run(["inbox"])).out.split("\n");
  expect(lines.slice(0, 9).map((line) => line.split("\t")[0])).toEqual(
    calls.map(({ reason }) => String(reason)),
  );
  expect((await ana.run(["inbox", "--count"])).out).toBe(`9@ ${TEXTS + 8}\n`);
  const rooms = (await ana.json(["rooms"])).filter(({ calls: count }) => Number(count) > 0);
  expect(rooms.map(({ room }) => room)).toEqual(
    ["1", "2", "4", "5", "6", "7", "8", "11"].map((n) => `room-${n}`),
  );

  const [address = ""] = again.listening["irc"] as string[];
  const irc = IrcConnection.open(address);
  await irc.logIn("ana", "password-ana");
  const played = [...irc.lines.all, ...(await irc.ask())];
  irc.close();
  const plain = / NOTICE ana | PRIVMSG #/;
  const shown = played.filter((line) => plain.test(line) && !line.includes("nothing for her"));
  const others = [
    "only the last 50 of",
    "a text without her",
    "was a mistake",
    " a mistake",
    "nobody",
  ];
  const texts = shown.filter((line) => !others.some((other) => line.includes(other)));
  expect(
    texts.map((line) =>
      line
        .trim()
        .replace(/ :\[\d+:\d+\]/, "")
        .replace(/^\S+ /, ""),
    ),
  ).toEqual([
    "NOTICE ana :open invitations: #secret",
    "NOTICE ana :#room-8: ben calls on you",
    "NOTICE ana :#room-1: 1 earlier message for you",
    "PRIVMSG #room-1 @ana the first",
    "PRIVMSG #room-2 @ana new words",
    "PRIVMSG #room-4 an answer",
    "PRIVMSG #room-4 @ana added later",
    "PRIVMSG #room-5 [thread #50] a reply",
    "PRIVMSG #room-6 the Harbour is open",
    "PRIVMSG #room-7 @everyone come",
    "PRIVMSG #room-11 @ana the last",
  ]);
});
