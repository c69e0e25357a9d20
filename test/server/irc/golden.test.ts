import { test } from "bun:test";
import { join } from "node:path";
import { expectGolden } from "../../golden.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import { IrcSite, MODERN } from "./irc-site.ts";
import { Transcript } from "./transcript.ts";

/** Reviewed transcripts. CHAT_GOLDEN=write records them for another review. */
const GOLDEN = join(import.meta.dir, "golden");

const SETS: Readonly<Record<string, string | undefined>> = {
  none: undefined,
  weechat: [
    ...["account-notify", "account-tag", "away-notify", "batch", "cap-notify", "draft/multiline"],
    ...["echo-message", "extended-join", "invite-notify", "message-tags", "multi-prefix"],
    ...["server-time", "userhost-in-names"],
  ].join(" "),
  irssi: [
    ...["account-notify", "away-notify", "extended-join", "invite-notify", "multi-prefix"],
    ...["server-time"],
  ].join(" "),
  /** All that Halloy, Goguma and gamja request. */
  modern: [
    ...["account-notify", "account-tag", "away-notify", "batch", "cap-notify", "echo-message"],
    ...["draft/channel-rename", "draft/chathistory", "draft/event-playback", "draft/multiline"],
    ...["draft/message-redaction", "draft/no-implicit-names", "draft/pre-away"],
    ...["draft/read-marker", "extended-join", "extended-monitor", "invite-notify"],
    ...["labeled-response", "message-tags", "multi-prefix", "server-time", "standard-replies"],
    "userhost-in-names",
  ].join(" "),
};

for (const [name, caps] of Object.entries(SETS)) {
  test(`a conversation with the capabilities of ${name}`, async () => {
    const irc = await IrcSite.open({ seed: 7, welcome: "Be kind." });
    irc.site.server.setAddresses(() => [{ host: "chat.example", port: 443 }]);
    const transcript = new Transcript(irc, caps);
    await converse(transcript);
    const path = join(GOLDEN, `${name}.txt`);
    expectGolden(path, transcript.text);
  });
}

async function converse(transcript: Transcript): Promise<void> {
  const { irc } = transcript;
  const { site } = irc;
  const ben = await irc.operator("ben");
  const [ana, dora] = [await irc.member("ana"), await irc.member("dora")];
  (await irc.member("cleo")).hangUp();
  await ben.request("join", { room: "lab", create: true });
  await ben.request("topic", { room: "lab", topic: "Experiments" });
  await dora.request("join", { room: "lab" });
  await ana.request("join", { room: "lab" });
  await ana.request("join", { room: "vault", create: true, sealed: true });
  ana.hangUp();
  const cleo = await irc.client("cleo", `${MODERN} draft/multiline draft/message-redaction`);
  await cleo.ask("JOIN #lab");
  const post = (text: string, to = "lab") => site.wait(ben.post(text, to));
  const say = (body: object, to = "lab") =>
    ben.request("post", { outbox: "BBBBBBBBBBB", counter: ++counter, to, body: body as never });
  let counter = 0;
  await post("Who is here?");
  await post("Are you there?", "@ana");
  await site.time.advance(10_000);

  await transcript.connect();
  const good = await transcript.when("ben: a text", () => post("Good *morning*, **ana**"));
  await transcript.sends("PRIVMSG #lab :Morning, ben");
  await transcript.when("ben: an action", () => say({ text: "waves", action: true }));
  await transcript.sends("PRIVMSG #lab :\x01ACTION waves back\x01");
  await transcript.when("cleo: a notice", () => cleo.ask("NOTICE #lab :build 17 passed"));
  await transcript.sends("NOTICE #lab :build 18 started");
  await transcript.when("ben: several lines", () => post("One:\n\n- first\n- `second`"));
  await transcript.when("ben: a long line", () => post("0123456789 ".repeat(60).trim()));
  await transcript.when("cleo: a multi-line message", () =>
    cleo.ask(
      "BATCH +1 draft/multiline #lab",
      "@batch=1 PRIVMSG #lab :ana: three",
      "@batch=1;draft/multiline-concat PRIVMSG #lab : four",
      "@batch=1 PRIVMSG #lab :five",
      "BATCH -1",
    ),
  );
  if (transcript.has("draft/multiline")) {
    await transcript.sends(
      "BATCH +7 draft/multiline #lab",
      "@batch=7 PRIVMSG #lab :six",
      "@batch=7 PRIVMSG #lab :seven",
      "BATCH -7",
    );
  }
  await transcript.when("ben: an edit", () =>
    ben.request("edit", { seq: good.seq, text: "Good *evening*, **ana**" }),
  );
  const oops = await transcript.when("ben: a mistake", () => post("oops"));
  await transcript.when("ben: erases the mistake", () => ben.request("erase", { seq: oops.seq }));
  const oh = await transcript.when("ben: a question", () => post("Coffee?"));
  await transcript.when("ben: a reply to it", () => say({ text: "Or tea?", re: oh.seq }));
  await transcript.when("ben: a reaction to it", () => say({ text: "", react: "☕", re: oh.seq }));
  if (transcript.has("message-tags")) {
    const id = transcript.idOf("Coffee?");
    await transcript.sends(`@+draft/reply=${id} PRIVMSG #lab :Tea, please`);
    await transcript.sends(`@+draft/reply=${id};+draft/react=🍵 TAGMSG #lab`);
    await transcript.sends(`@+draft/reply=${id};+draft/unreact=🍵 TAGMSG #lab`);
    await transcript.sends("@+typing=active TAGMSG #lab");
  }
  if (transcript.has("draft/message-redaction")) {
    await transcript.sends(`REDACT #lab ${transcript.idOf("Tea, please")}`);
    await transcript.sends(`REDACT #lab ${transcript.idOf("Coffee?")}`);
  }
  await transcript.when("ben: types", () =>
    ben.request("typing", { room: ben.roomId("lab"), on: true }),
  );
  await transcript.when("ben: a topic", () =>
    ben.request("topic", { room: "lab", topic: "Results" }),
  );
  await transcript.sends("TOPIC #lab :Results of tonight");
  await ben.request("rules", { room: "lab", topic: "everyone" });
  await transcript.sends("TOPIC #lab :Results of today");
  await transcript.when("ben: kicks dora", () =>
    ben.request("kick", { room: "lab", user: "dora", reason: "too loud" }),
  );
  await transcript.when("ben: invites dora", () =>
    ben.request("invite-user", { room: "lab", user: "dora" }),
  );
  await transcript.when("dora: joins", () => dora.request("join", { room: "lab" }));
  await transcript.when("ben: mutes dora", () =>
    ben.request("mute", { room: "lab", user: "dora", on: true }),
  );
  await transcript.when("ben: makes ana a moderator", () =>
    ben.request("grant", { room: "lab", user: "ana", on: true }),
  );
  await transcript.sends("MODE #lab b", "MODE #lab -b m:dora!*@*", "MODE #lab", "MODE #lab +m");
  await transcript.sends("MODE #lab -m");
  await transcript.when("ben: renames the room", () =>
    ben.request("rename", { room: "lab", to: "bench" }),
  );
  await transcript.when("ben: sends a file", async () =>
    new TestFile("notes", 2_048, "notes.txt").upload(await channelOf(ben), ["bench"]),
  );
  await transcript.when("ben: a direct message", () => post("Psst", "@ana"));
  await transcript.sends("PRIVMSG ben :Yes?", "PRIVMSG BEN :\x01ACTION listens\x01");
  await transcript.sends("PRIVMSG nobody :Hello?", "PRIVMSG #bench :\x01VERSION\x01");
  await transcript.when("cleo: is away", () => cleo.ask("AWAY :lunch"));
  await transcript.sends("PRIVMSG cleo :Enjoy your meal");
  await transcript.when("cleo: is back", () => cleo.ask("AWAY"));
  await transcript.sends("MONITOR + dora,cleo");
  await transcript.when("dora: disconnects", async () => dora.hangUp());
  await transcript.sends(
    "NAMES #bench",
    "WHO #bench %tcnfa,7",
    "WHOIS ben",
    "LIST",
    "ISON ben dora",
  );
  await transcript.when("ben: renames cleo", () =>
    ben.request("rename", { user: "cleo", to: "clea" }),
  );
  await transcript.when("ben: announces", () =>
    ben.request("announce", { text: "Restart at noon" } as never),
  );
  await transcript.sends("PART #bench :lunch", "JOIN #bench");
  await transcript.sends("JOIN #vault,#new,bad", "PRIVMSG #elsewhere :hi", "MODE #bench +l 5");
  if (transcript.has("draft/read-marker")) {
    await transcript.sends("MARKREAD #bench", "MARKREAD ben timestamp=2027-01-15T08:30:00.000Z");
  }
  if (transcript.has("labeled-response")) {
    await transcript.sends("@label=a PRIVMSG #bench :labelled", "@label=b PING x", "@label=c AWAY");
    await transcript.sends("@label=d WHO ben", "@label=e CHATHISTORY LATEST #bench * 3");
  }
  await transcript.sends("QUIT :good night");

  const late = await post("Still there?", "bench");
  await ben.request("edit", { seq: late.seq, text: "Still here?" });
  const gone = await post("never mind", "bench");
  await ben.request("erase", { seq: gone.seq });
  await say({ text: "leaves", action: true }, "bench");
  await post("Two\nlines", "bench");
  await post("See you", "@ana");
  await site.time.advance(60_000);
  await transcript.connect();
  if (transcript.has("draft/chathistory")) {
    await transcript.sends(
      "CHATHISTORY TARGETS timestamp=2027-01-15T00:00:00.000Z timestamp=2027-01-16T00:00:00.000Z 9",
    );
    await transcript.sends("CHATHISTORY LATEST #bench * 100");
    await transcript.sends("CHATHISTORY LATEST ben * 100");
  }
  await transcript.when("the server is idle", () => site.time.advance(120_000));
}
