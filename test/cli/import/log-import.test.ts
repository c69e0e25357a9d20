import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ImportEntry, ImportSummary } from "../../../src/cli/import/entry.ts";
import { type LogImportOptions, openLog } from "../../../src/cli/import/log-import.ts";
import { MonthNames } from "../../../src/cli/import/month-names.ts";
import { faultFrom } from "../../commands/fake-world.ts";
import { tempFolder } from "../../temp-folder.ts";

const folder = tempFolder();
const ZERO: LogImportOptions = {
  offsetMinutes: () => 0,
  channel: undefined,
  encoding: undefined,
  timeFormat: undefined,
  months: new MonthNames(),
};
const at = (text: string) => Date.parse(`${text}Z`);

function written(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

interface Imported {
  readonly summary: ImportSummary;
  readonly entries: readonly ImportEntry[];
}

async function imported(path: string, options: Partial<LogImportOptions> = {}): Promise<Imported> {
  const log = await openLog(path, { ...ZERO, ...options });
  if (log.kind === "other") throw new Error("the file is a log");
  const summary = await log.check(true, () => undefined);
  const entries: ImportEntry[] = [];
  for await (const entry of log.entries({ name: "me" })) entries.push(entry);
  expect(entries).toHaveLength(summary.count);
  return { summary, entries };
}

let files = 0;

async function read(lines: string | Uint8Array, options: Partial<LogImportOptions> = {}) {
  const { summary, entries } = await imported(written(`log-${++files}`, lines), options);
  const { problems, skippedKinds } = summary;
  return {
    summary,
    messages: entries.map((entry) => [
      new Date(entry.timeUnixMs).toISOString().replace(".000Z", "Z"),
      entry.from,
      entry.kind === "reaction" ? "" : (entry.kind === "action" ? "* " : "") + entry.text,
    ]),
    problems: problems.map(({ location }) => location),
    reasons: problems.map(({ reason }) => reason),
    skipped: Object.fromEntries(skippedKinds.map(({ reason, count }) => [reason, count])),
    format: summary.format,
  };
}

const text = (...lines: string[]) => `${lines.join("\n")}\n`;

test("imports irssi messages, notices and actions across days, and counts events", async () => {
  const log = text(
    "--- Log opened Sat Nov 21 09:00:00 2020",
    "09:00 -!- ana [~ana@host] has joined #chat",
    "09:01 <@ana> hello <you>",
    "09:01:30 < bob> hi\r",
    "09:02  * bob waves",
    "09:03 -!- bob is now known as bobby",
    "09:03 -ana:#chat- a notice",
    "09:04 [notice(#chat)] my notice",
    "09:04 [notice(ana)] my other notice",
    "09:04 [msg(ana)] psst",
    "09:04 -ana(~ana@host)- private notice",
    "09:04 [ana(~ana@host)] private message",
    "09:05 <bobby:#other> elsewhere",
    "09:05  * bobby:#other points",
    "09:05 !irc.example.org *** restarting",
    "09:05 [ctcp(ana)] VERSION",
    "16:59:05< nick> no space",
    "--- Day changed Sun Nov 22 2020",
    "00:10 <bobby> \u0002bold\u0002 \u000304,01red\u0003 \u0004ff0000hex",
    "00:11 <bobby>  ",
    "--- Log closed Sun Nov 22 01:00:00 2020",
  );
  const { messages, problems, skipped, format } = await read(log);
  expect(format).toBe("irssi");
  expect(problems).toEqual([]);
  expect(messages).toEqual([
    ["2020-11-21T09:01:00Z", "ana", "hello <you>"],
    ["2020-11-21T09:01:30Z", "bob", "hi"],
    ["2020-11-21T09:02:00Z", "bob", "* waves"],
    ["2020-11-21T09:03:00Z", "ana", "a notice"],
    ["2020-11-21T09:04:00Z", "me", "my notice"],
    ["2020-11-21T09:04:00Z", "me", "my other notice"],
    ["2020-11-21T09:04:00Z", "me", "psst"],
    ["2020-11-21T09:04:00Z", "ana", "private notice"],
    ["2020-11-21T09:04:00Z", "ana", "private message"],
    ["2020-11-21T09:05:00Z", "bobby", "elsewhere"],
    ["2020-11-21T09:05:00Z", "bobby", "* points"],
    ["2020-11-21T16:59:05Z", "nick", "no space"],
    ["2020-11-22T00:10:00Z", "bobby", "bold red hex"],
  ]);
  expect(skipped).toEqual({
    dates: 3,
    joins: 1,
    "changes of nicks": 1,
    "notices of servers": 1,
    "CTCP requests": 1,
    "messages without text": 1,
  });
});

test.each([
  ["=== Log opened 2020-11-21 09:00", "2020-11-21"],
  ["# Log started Sat Nov 21 09:00:00 2020", "2020-11-21"],
  ["--- Tag gewechselt auf Sa 21 Nov 2020", "2020-11-21"],
  ["*** 21.11.2020 ***", "2020-11-21"],
  ["--- Day changed Sat 21 Nov 2020", "2020-11-21"],
])("reads the date line %s that the user has chosen", async (line, day) => {
  const before = ["--- Log opened Fri Nov 20 09:00:00 2020", "09:00 <ana> a"];
  const { messages, skipped } = await read(text(...before, line, "09:01 <ana> b"));
  expect(messages[1]).toEqual([`${day}T09:01:00Z`, "ana", "b"]);
  expect(skipped).toEqual({ dates: 2 });
});

test("reports a line without a time whose date is unclear", async () => {
  const log = text(
    "--- Log opened Fri Nov 20 09:00:00 2020",
    "### 2020",
    "see 2020-11-21",
    "09:01 <ana> b",
  );
  const { messages, problems } = await read(log);
  expect(messages).toEqual([["2020-11-20T09:01:00Z", "ana", "b"]]);
  expect(problems).toEqual(["line 2", "line 3"]);
});

/** As irssi 1.4 and WeeChat write colours with `autolog_colors` and `logger.file.color_lines`. */
const COLOURED = {
  irssi: text(
    "--- Log opened Sat Nov 21 09:00:00 2020",
    "09:00 \x049/-\x04g!\x049/-\x04g \x04;/bob\x04g \x048/[\x04g\x043/b@h\x048/]\x04g has joined",
    "09:01 \x048/<\x04g@\x04gana\x04g\x048/>\x04g \x04edecade \x02bold\x02",
    "09:02 \x04c * ana\x04g acts",
    "09:03 \x048/[\x04g\x044/notice\x048/(\x04</#c\x048/)]\x04g note \x04#abcdx",
  ),
  WeeChat: text(
    "2020-11-21 09:00:00\t\x1b[92m-->\x1b[0m\t\x1b[36mbob\x1b[0m (b@h) has joined #c",
    "2020-11-21 09:01:00\t\x1b[32m@\x1b[38;5;36mana\x1b[0m\tdecade \x1b[1mbold\x1b[0m",
    "2020-11-21 09:02:00\t\x1b[97m *\x1b[0m\t\x1b[36mana\x1b[0m acts",
    "2020-11-21 09:03:00\t\x1b[35mme\x1b[0m\tnote x",
  ),
};

test.each(["irssi", "WeeChat"] as const)("reads a log of %s with colours", async (program) => {
  const { messages, problems, skipped, format } = await read(COLOURED[program]);
  expect({ problems, format }).toEqual({ problems: [], format: program });
  expect(messages).toEqual([
    ["2020-11-21T09:01:00Z", "ana", "decade bold"],
    ["2020-11-21T09:02:00Z", "ana", "* acts"],
    ["2020-11-21T09:03:00Z", "me", "note x"],
  ]);
  expect(skipped).toMatchObject({ joins: 1 });
});

test("reads notices of WeeChat in other languages", async () => {
  const log = text(
    "2020-11-21 09:00:00\t--\tHinweis(ben): eins",
    "2020-11-21 09:01:00\t--\tOznámení(ben -> #c): dva",
    "2020-11-21 09:02:00\t--\tAviso -> #c: tres",
    "2020-11-21 09:03:00\t--\t[ben] (b@h): Ben Real",
  );
  const { messages, skipped } = await read(log);
  expect(messages).toEqual([
    ["2020-11-21T09:00:00Z", "ben", "eins"],
    ["2020-11-21T09:01:00Z", "ben", "dva"],
    ["2020-11-21T09:02:00Z", "me", "tres"],
  ]);
  expect(skipped).toEqual({ "other events": 1 });
});

test("reads a log whose lines end with carriage returns alone", async () => {
  const log = "2020-11-21 09:00:00\tana\tone\r2020-11-21 09:01:00\tben\ttwo\r";
  const { messages } = await read(log);
  expect(messages.map(([, from, said]) => [from, said])).toEqual([
    ["ana", "one"],
    ["ben", "two"],
  ]);
});

test("reports irssi lines that are not understood by number", async () => {
  const log = text(
    "09:00 <ana> on no day",
    "--- Log opened Sat Nov 31 09:00:00 2020",
    "09:01 <ana> on a day that does not exist",
    "--- Day changed So Foo 22 2020",
    "09:01 <ana> after an unknown day",
    "--- Log opened Sat Nov 21 09:00:00 2020",
    "continued",
    "09:02 what is this",
    "25:00 <ana> late",
    "--- Day changed",
    "09:03 <\u0001ana> hi",
    "09:03 <a\u0000na> hi",
  );
  const { messages, problems, reasons } = await read(log);
  expect(messages).toEqual([]);
  expect(problems).toEqual([1, 3, 4, 5, 7, 8, 9, 10, 11, 12].map((line) => `line ${line}`));
  expect(reasons[2]).toContain("month: Foo");
});

test.each([
  ["Mo Okt 05 23:59:40 2026", "2026-10-05"],
  ["Do Mär 05 23:59:40 2026", "2026-03-05"],
  ["lun. oct. 05 23:59:40 2026", "2026-10-05"],
  ["jeu. févr. 05 23:59:40 2026", "2026-02-05"],
  ["pon lis 05 23:59:40 2026", "2026-10-05"],
  ["czw lis 05 23:59:40 2026", "2026-11-05"],
  ["月 10月 05 23:59:40 2026", "2026-10-05"],
  ["水  3月 04 23:59:40 2026", "2026-03-04"],
  ["Пн окт 05 23:59:40 2026", "2026-10-05"],
  ["Prş Mar 05 23:59:40 2026", "2026-03-05"],
  ["الإثنين أكتوبر 05 23:59:40 2026", "2026-10-05"],
  ["الإثنين تشرين الأول 05 23:59:40 2026", "2026-10-05"],
  ["pon čec 06 23:59:40 2026", "2026-07-06"],
  ["pon čen 01 23:59:40 2026", "2026-06-01"],
  ["sunnuntai marraskuu 01 23:59:40 2026", "2026-11-01"],
  ["Mon Sept 07 23:59:40 2026", "2026-09-07"],
  ["ច ១០ 05 23:59:40 2026", "2026-10-05"],
  ["Κυρ Μάρ 01 09:00:00 2026", "2026-03-01"],
  ["Παρ Μάι 01 09:00:00 2026", "2026-05-01"],
  ["Τρι Ιούν 02 09:00:00 2026", "2026-06-02"],
  ["Σάβ Αύγ 01 09:00:00 2026", "2026-08-01"],
  ["Κυρ Νοέ 01 09:00:00 2026", "2026-11-01"],
])("reads the date %s of a log in another language", async (date, day) => {
  const { messages, problems } = await read(text(`--- Log opened ${date}`, "23:59 <a> x"));
  expect(problems).toEqual([]);
  expect(messages).toEqual([[`${day}T23:59:00Z`, "a", "x"]]);
});

test("guesses no month if the weekday is of another date", async () => {
  const { messages, reasons } = await read(text("--- Log opened Di Mär 06 23:59:40 2026", "x"));
  expect(messages).toEqual([]);
  expect(reasons[0]).toContain("unknown name of a month: Mär");
});

test.each([
  ["09:01 @ana │ hi"],
  ["09:01 «ana» hi"],
  ["09:01 [@ana] hi"],
  ["09:01 (ana) hi"],
  ["09:01 ana: hi"],
  ["09:01 ana> hi"],
  ["09:01 @ana» hi"],
  ["09:01 ana » hi"],
  ["09:01 @ana| hi"],
  ["09:01 │ana│ hi"],
  ["09:01 {ana} hi"],
  ["09:01 <ana > hi"],
  ["[09:01] <ana> hi"],
  ["09:01:00 <ana> hi"],
  ["2020-11-21 09:01:00 <ana> hi"],
])("reads the message of an irssi theme: %s", async (line) => {
  const { messages } = await read(text("--- Log opened Sat Nov 21 09:00:00 2020", line));
  expect(messages).toEqual([["2020-11-21T09:01:00Z", "ana", "hi"]]);
});

test("reads the actions and events of an irssi theme", async () => {
  const lines = ["• ana waves", ">> ana sings", "-> ben [b@h] has joined #c"];
  const { messages, skipped } = await read(
    text("--- Log opened Sat Nov 21 09:00:00 2020", ...lines.map((line) => `09:01 ${line}`)),
  );
  expect(messages.map(([, from, done]) => [from, done])).toEqual([
    ["ana", "* waves"],
    ["ana", "* sings"],
  ]);
  expect(skipped).toMatchObject({ joins: 1 });
});

test("imports WeeChat messages whatever is around the nick", async () => {
  const prefixes = ["-ana", "#ana", "\u200bana", "*ana", "$ana", "ana |", "ana>", "(ana)", "@ana"];
  const messages = prefixes.map((prefix) => `2020-11-21 09:01:00\t${prefix}\thi`);
  const events = ["◀▬▬\tben (~b@h) has left #c", "⚡\tben is now known as bob"];
  const all = [...messages, "2020-11-21 09:01:00\t»»\thi"];
  const parsed = await read(
    text(...all, ...events.map((event) => `2020-11-21 09:01:00\t${event}`)),
  );
  expect(parsed.messages.map(([, from, said]) => [from, said])).toEqual([
    ...prefixes.map(() => ["ana", "hi"]),
    ["»»", "hi"],
  ]);
  expect(parsed.skipped).toEqual({ departures: 1, "changes of nicks": 1 });
});

test("imports WeeChat messages of several lines and notices, and counts events", async () => {
  const log = text(
    "2020-11-21 09:00:00\t-->\tana (~ana@host) has joined #chat",
    "2020-11-21 09:01:00\t@ana\thello\twith a tab",
    "2020-11-21 09:02:00\t *\tbob waves",
    "2020-11-21 09:03:00\t--\tbob is now known as bobby",
    "2020-11-21 09:04:00\t\tno prefix",
    "2020-11-21 09:05:00\tana\t```",
    "def f(x):",
    "",
    "\treturn x",
    "```",
    "",
    "2020-11-21 09:06:00\t--\tNotice(cleo -> #chat): note",
    "2020-11-21 09:06:00\t--\tNotice -> #chat: my note",
    "2020-11-21 09:07:00\t<@bob>\tin brackets",
    "2020-11-21 09:08:00\t★\tbob leaps",
    "2020-11-21 09:08:00\t→\teve (~e@h) has joined #chat",
    "2020-11-21 09:09:00\t****  End of log  ****",
  );
  const { messages, problems, skipped, format } = await read(log);
  expect(format).toBe("WeeChat");
  expect(problems).toEqual([]);
  expect(messages).toEqual([
    ["2020-11-21T09:01:00Z", "ana", "hello\twith a tab"],
    ["2020-11-21T09:02:00Z", "bob", "* waves"],
    ["2020-11-21T09:05:00Z", "ana", "```\ndef f(x):\n\n\treturn x\n```"],
    ["2020-11-21T09:06:00Z", "cleo", "note"],
    ["2020-11-21T09:06:00Z", "me", "my note"],
    ["2020-11-21T09:07:00Z", "bob", "in brackets"],
    ["2020-11-21T09:08:00Z", "bob", "* leaps"],
  ]);
  expect(skipped).toEqual({
    joins: 2,
    "changes of nicks": 1,
    "other events": 1,
    "begins and ends of logs": 1,
  });
});

const hourAhead = { offsetMinutes: () => 60 };

test.each([
  ["2025-12-03 08:15:09", "2025-12-03T07:15:09Z"],
  ["2025-12-03 08:15:09.900001Z", "2025-12-03T08:15:09.900Z"],
  ["2025-12-03T08:15:09+0200", "2025-12-03T06:15:09Z"],
  ["2025-12-03 08:15:09.5", "2025-12-03T07:15:09.500Z"],
  ["2025-12-03 08:15:09 +02:00", "2025-12-03T06:15:09Z"],
  ["2025/12/03 08:15:09", "2025-12-03T07:15:09Z"],
  ["20251203 081509", "2025-12-03T07:15:09Z"],
  ["[2025-12-03 08:15:09]", "2025-12-03T07:15:09Z"],
  ["2025-12-03 08:15:09,5", "2025-12-03T07:15:09.500Z"],
  ["2025-12-03T08:15:09+02", "2025-12-03T06:15:09Z"],
  ["03.12.2025 08:15:09", "2025-12-03T07:15:09Z"],
  ["Wed Dec  3 08:15:09 2025", "2025-12-03T07:15:09Z"],
  ["Mi, 03 Dez 2025 08:15:09 +0100", "2025-12-03T07:15:09Z"],
  ["1764746109", "2025-12-03T07:15:09Z"],
])("recognizes the time %s of a WeeChat log", async (time, expected) => {
  const { messages } = await read(text(`${time}\tana\thi`), hourAhead);
  expect(messages).toEqual([[expected, "ana", "hi"]]);
});

test.each([
  ["%d/%m/%Y %H:%M:%S", "03/12/2025 08:15:09"],
  ["%D %r", "12/03/25 08:15:09 AM"],
  ["%b %d, %Y (%I.%M %p)", "Dec 03, 2025 (08.15 am)"],
  ["%@%F %T.%f", "2025-12-03 07:15:09.000000"],
  ["%!", "1764746109"],
  ["%Y %j %H%M%S", "2025 337 081509"],
  ["%F %T.%3 %%", "2025-12-03 08:15:09.%3 %"],
])("reads times in the format %s that the user names", async (timeFormat, time) => {
  const format = timeFormat.replace(".%3", ".%.3");
  const line = `${time.replace("%3", "000")}\tana\thi`;
  const { messages } = await read(text(line), { ...hourAhead, timeFormat: format });
  const seconds = time.includes("am") ? "00" : "09";
  expect(messages).toEqual([[`2025-12-03T07:15:${seconds}Z`, "ana", "hi"]]);
});

test("reads a log that changes its format, one of which the user names", async () => {
  const log = text("2025-12-03 08:15:09\tana\thi", "04/12/2025 08:15:09\tana\tho");
  const { messages } = await read(log, { timeFormat: "%d/%m/%Y %H:%M:%S" });
  expect(messages.map(([time]) => time)).toEqual(["2025-12-03T08:15:09Z", "2025-12-04T08:15:09Z"]);
});

test("refuses an unknown specifier", async () => {
  const path = written("specifier", "x\tana\thi\n");
  const fault = await faultFrom(() => openLog(path, { ...ZERO, timeFormat: "%Q" }));
  expect(fault.message).toContain("'%Q'");
});

test("does not append a line with an unknown time to the message above", async () => {
  const log = text("2020-11-21 09:01:00\tana\thi", "11/22/2020 09:01:00\tben\tlater");
  const { messages, problems, reasons } = await read(log);
  expect(messages).toHaveLength(1);
  expect(problems).toEqual(["line 2"]);
  expect(reasons[0]).toContain("--time-format");
});

const ZNC = text(
  "[09:00:00] *** Joins: ana (~ana@host)",
  "[09:01:00] <ana> hello",
  "[09:02:00] * bob waves",
  "[09:03:00] -cleo- a notice",
  "[09:04:00] *** ana sets mode: +o bob",
  "[09:05:00] *** Quits: bob (~b@h) (bye)",
);

test("imports a log of ZNC, with the day of its name", async () => {
  const path = written("2020-11-21.log", ZNC);
  const { summary, entries } = await imported(path);
  expect(summary).toMatchObject({ format: "ZNC", problems: [], count: 3 });
  expect(entries.map(({ timeUnixMs, from }) => [timeUnixMs, from])).toEqual([
    [at("2020-11-21T09:01"), "ana"],
    [at("2020-11-21T09:02"), "bob"],
    [at("2020-11-21T09:03"), "cleo"],
  ]);
});

test("imports the days of one channel of ZNC, and asks which if there are several", async () => {
  const line = (name: string) => `[09:01:00] <${name}> hello\n`;
  written("znc/libera/#chat/2020-11-22.log", line("second"));
  written("znc/libera/#chat/2020-11-21.log", line("first"));
  const root = join(folder, "znc");
  const only = await imported(root);
  expect(only.entries.map(({ from, location }) => [from, location])).toEqual([
    ["first", "2020-11-21.log, line 1"],
    ["second", "2020-11-22.log, line 1"],
  ]);
  written("znc/oftc/#chat/2020-11-21.log", line("other"));
  written("znc/oftc/#dev/2020-11-21.log", line("dev"));
  for (const channel of [undefined, "chat", "#chat"]) {
    const fault = await faultFrom(() => openLog(root, { ...ZERO, channel }));
    expect(fault.code).toBe("usage");
    expect(fault.message).toContain("'libera/#chat', 'oftc/#chat'");
  }
  for (const channel of ["OFTC/#chat", "oftc/chat"]) {
    expect((await imported(root, { channel })).entries[0]?.from).toBe("other");
  }
  expect((await imported(root, { channel: "#dev" })).entries[0]?.from).toBe("dev");
  const fault = await faultFrom(() => openLog(root, { ...ZERO, channel: "oftc/none" }));
  expect(fault.code).toBe("not-found");
});

/** Folders as their programs leave them, with the files of one channel from the oldest on. */
const LAYOUTS: readonly (readonly [string, string, readonly string[]])[] = [
  ["irssi", "libera/#chat", ["libera/#chat.log"]],
  ["irssi by day", "#chat", ["libera/#chat-2025-12-31.log", "libera/#chat-2026-01-01.log"]],
  ["irssi by month", "#chat", ["#chat.2025-12.log", "#chat.2026-01.log", "#chat.log"]],
  ["irssi by year", "libera/#chat", ["2025/libera/#chat.12-31.log", "2026/libera/#chat.01-01.log"]],
  ["logrotate", "#chat", ["#chat.log-20251231", "#chat.log-20260101", "#chat.log"]],
  ["WeeChat", "libera/#chat", ["irc.libera.#chat.weechatlog"]],
  ["WeeChat, dots", "irc.libera.chat/#c.d", ["irc.irc.libera.chat.#c.d.weechatlog"]],
  ["WeeChat, network server", "server/#chat", ["irc.server.#chat.weechatlog"]],
  ["WeeChat, rotated", "#chat", [10, 2, 1].map((n) => `irc.l.#chat.weechatlog.${n}`)],
  [
    "WeeChat by month",
    "l/#chat",
    ["2025/12/irc.l.#chat.weechatlog", "2026/01/irc.l.#chat.weechatlog"],
  ],
  ["ZNC", "l/#chat", ["users/ana/moddata/log/l/#chat/2025-12-31.log"]],
  ["ZNC, network", "l/#chat", ["users/a/networks/l/moddata/log/#chat/2025-12-31.log"]],
  ["ZNC, old", "u_l_#chat", ["log/u_l_#chat_20251231.log", "log/u_l_#chat_20260101.log"]],
];

test.each(LAYOUTS)("imports one channel from a folder of %s", async (name, channel, paths) => {
  const root = `layouts/${name}`;
  const line = (from: string) => `2026-01-01 09:01:00\t${from}\thello\n`;
  for (const [index, path] of [...paths.entries()].reverse()) {
    written(`${root}/${path}`, line(`${index}`));
  }
  const others = ["irc.server.l.weechatlog", "core.weechat.weechatlog", "notes.txt"];
  for (const other of others) written(`${root}/${other}`, line("other"));
  const order = paths.map((_, index) => `${index}`);
  const only = await imported(join(folder, root));
  expect(only.entries.map(({ from }) => from)).toEqual(order);
  const first = paths[0] ?? "";
  written(`${root}/${first.replaceAll(/#[^./_-]*/g, "#other")}`, line("other"));
  const fault = await faultFrom(() => openLog(join(folder, root), ZERO));
  expect(fault.message).toContain(channel);
  const chosen = await imported(join(folder, root), { channel });
  expect(chosen.entries.map(({ from }) => from)).toEqual(order);
});

test("keeps channels apart whose names end with a number, and networks", async () => {
  const line = "2026-01-01 09:01:00\tana\thello\n";
  for (const name of ["#chat-2025", "#chat-2026", "#chat-1", "#chat-13-32", "2026/#chat-12"]) {
    written(`numbers/${name}.log`, line);
  }
  for (const network of ["l", "o"]) {
    written(`numbers/networks/${network}/moddata/log/#chat/2026-01-01.log`, line);
  }
  const fault = await faultFrom(() => openLog(join(folder, "numbers"), ZERO));
  expect(fault.code).toBe("usage");
  for (const label of ["#chat-2025", "#chat-2026", "#chat-1", "#chat-13-32", "#chat-12"]) {
    expect(fault.message).toContain(`numbers/${label}'`);
  }
  expect(fault.message).toContain("'l/#chat', 'o/#chat'");
});

test("refuses a folder with a compressed log, and an empty one", async () => {
  written("packed/#chat.log", "2026-01-01 09:01:00\tana\thello\n");
  written("packed/#chat.log.1.gz", "x");
  const packed = await faultFrom(() => openLog(join(folder, "packed"), ZERO));
  expect(packed.message).toBe("'#chat.log.1.gz' is compressed");
  written("empty/#chat.log", "");
  const empty = await faultFrom(() => openLog(join(folder, "empty"), ZERO));
  expect(empty.message).toContain("unknown import format");
});

test("leaves a folder with an export of a server to its importer", async () => {
  written("slack/chat/2026-01-01.json", "[]");
  written("slack/attachments/error.log", "2026-01-01 09:01:00\tana\thello\n");
  expect(await openLog(join(folder, "slack"), ZERO)).toMatchObject({ kind: "other" });
});

/** Berlin around the clock change of 25 October 2026, 01:00 UTC. */
const berlin = (unixMs: number) => (unixMs < at("2026-10-25T01:00") ? 120 : 60);

test("tells the passes of a repeated hour apart by the order of the lines", async () => {
  const line = (clock: string) => `2026-10-25 ${clock}\tana\thi`;
  const clocks = [
    "01:59:59",
    "02:30:30",
    "02:30:20",
    "02:59:59",
    "02:00:00",
    "02:30:30",
    "03:00:00",
  ];
  const { messages } = await read(text(...clocks.map(line)), { offsetMinutes: berlin });
  expect(messages.map(([time]) => time)).toEqual([
    "2026-10-24T23:59:59Z",
    "2026-10-25T00:30:30Z",
    "2026-10-25T00:30:20Z",
    "2026-10-25T00:59:59Z",
    "2026-10-25T01:00:00Z",
    "2026-10-25T01:30:30Z",
    "2026-10-25T02:00:00Z",
  ]);
});

const HELLO = text("2020-11-21 09:01:00\tana\tgrüße", "2020-11-21 09:02:00\tben\tñandú");

test.each([
  ["UTF-8", Buffer.from(HELLO), undefined],
  ["UTF-8 with a mark", Buffer.from(`\ufeff${HELLO}`), undefined],
  ["UTF-16 little endian with a mark", Buffer.from(`\ufeff${HELLO}`, "utf16le"), undefined],
  ["UTF-16 big endian", Buffer.from(`\ufeff${HELLO}`, "utf16le").swap16(), undefined],
  ["UTF-16 without a mark", Buffer.from(HELLO, "utf16le"), undefined],
  ["Latin-1", Buffer.from(HELLO, "latin1"), undefined],
  ["Latin-1 named", Buffer.from(HELLO, "latin1"), "iso-8859-1"],
  ["CRLF", Buffer.from(HELLO.replaceAll("\n", "\r\n")), undefined],
])("decodes %s", async (_, bytes, encoding) => {
  const { messages, summary } = await read(bytes, { encoding });
  expect(messages.map(([, , said]) => said)).toEqual(["grüße", "ñandú"]);
  const isLatin1 = encoding === undefined && bytes.equals(Buffer.from(HELLO, "latin1"));
  expect(summary.latin1).toBe(isLatin1 ? 2 : 0);
});

test("reads a line of UTF-8 that ends within a character", async () => {
  const line = Buffer.from("2020-11-21 09:01:00\tana\tпривет");
  const { messages, summary } = await read(line.subarray(0, -1));
  expect(messages[0]?.[2]).toBe("приве\ufffd");
  expect(summary.latin1).toBe(0);
});

test("reads a log in the encoding that the user names, and refuses an unknown one", async () => {
  const head = Buffer.from("2020-11-21 09:01:00\tana\t");
  const bytes = Buffer.concat([head, Buffer.from([0xd0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4, 0x0a])]);
  const { messages } = await read(bytes, { encoding: "koi8-r" });
  expect(messages[0]?.[2]).toBe("привет");
  const path = written("koi8", bytes);
  const fault = await faultFrom(() => openLog(path, { ...ZERO, encoding: "klingon" }));
  expect(fault.message).toContain("'klingon'");
});

test("reports a line that is too long and one with NUL, and reads the others", async () => {
  const line = (said: string) => `2020-11-21 09:01:00\tana\t${said}`;
  const longest = line("x").padEnd(1024 * 1024, " ");
  const log = text(
    longest,
    line("y"),
    `${longest} `,
    line("z"),
    line("\u0000"),
    line("é".repeat(40_000)),
  );
  const { messages, problems, reasons } = await read(log);
  expect(messages.map(([, , said]) => said?.trim())).toEqual(["y", "z"]);
  expect(problems).toEqual(["line 1", "line 3", "line 5", "line 6"]);
  expect(reasons[0]).toContain("the text exceeds");
  expect(reasons[1]).toContain("longer than 1 MiB");
  expect(reasons[2]).toContain("NUL");
});

test("imports only what was checked", async () => {
  const line = (said: string) => `2020-11-21 09:01:00\tana\t${said}\n`;
  const path = written("growing", line("a"));
  const log = await openLog(path, ZERO);
  if (log.kind === "other") throw new Error("the file is a log");
  expect(await log.check(false, () => undefined)).toMatchObject({ count: 1 });
  writeFileSync(path, line("a") + line("b"));
  const read = async () => {
    const texts: unknown[] = [];
    for await (const entry of log.entries({ name: "me" })) texts.push(entry.location);
    return texts;
  };
  expect(await read()).toEqual(["line 1"]);
  writeFileSync(path, line("c"));
  expect((await faultFrom(read)).message).toContain("changed while it was read");
});

test.each([
  ["a log of HexChat", "**** BEGIN LOGGING AT Sat Nov 21 09:00:00 2020\n"],
  ["a log of HexChat", "Nov 21 09:01:00 <ana>\thi\n"],
  ["a log of mIRC", "Session Start: Sat Nov 21 09:00:00 2020\n"],
  ["a log of Textual", "[2020-11-21T09:01:00+0100] <ana> hi\n"],
  ["the output of chat history", "2020-11-21T09:01:00.000Z\tlobby\tana\thi\n"],
])("names %s in the refusal", async (name, line) => {
  const fault = await faultFrom(() => openLog(written("neighbour", line), ZERO));
  expect(fault.message).toContain(name);
});

test("names the line of a file that has no other", async () => {
  for (const bad of ["\0", "x".repeat(1024 * 1024)]) {
    const path = written("bad-line", `2020-11-21 09:01:00\tana\t${bad}\n`);
    expect((await faultFrom(() => openLog(path, ZERO))).message).toContain("line 1: the line");
  }
});

test.each([
  ["JSON in one long line", `{"kind":"text","text":"${"x".repeat(1024 * 1024)}"}\n`],
  ["JSON in several lines", '[\n  {"type":"message"}\n]\n'],
  ["JSON", '{"kind":"text"}\n'],
  ["prose", "Dear ana,\n"],
  ["an empty file", ""],
])("leaves %s to other formats", async (name, content) => {
  expect((await openLog(written(name, content), ZERO)).kind).toBe("other");
});
