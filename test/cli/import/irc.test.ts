import { describe, expect, test } from "bun:test";
import { readIrssi, readWeechat } from "../../../src/cli/import/irc.ts";

const utc = () => 0;
const bytes = (text: string) => new TextEncoder().encode(text);
const at = (text: string) => Date.parse(`${text}Z`);

describe("irssi", () => {
  test("imports messages and actions across days, and skips events", () => {
    const log = [
      "--- Log opened Sat Nov 21 09:00:00 2020",
      "09:00 -!- ana [~ana@host] has joined #chat",
      "09:01 <@ana> hello <you>",
      "09:01:30 < bob> hi\r",
      "09:02  * bob waves",
      "09:03 -!- bob is now known as bobby",
      "09:03 -ana:#chat- a notice",
      "--- Day changed Sun Nov 22 2020",
      "00:10 <bobby> \u0002bold\u0002 \u000304,01red\u0003",
      "00:11 <bobby>  ",
      "--- Log closed Sun Nov 22 01:00:00 2020",
    ].join("\n");
    const { entries, problems, skipped, format } = readIrssi(bytes(log), utc);
    expect(format).toBe("irssi");
    expect(problems).toEqual([]);
    expect(skipped).toBe(7);
    expect(entries).toEqual([
      common("line 3", "ana", "2020-11-21T09:01:00", "text", "hello <you>"),
      common("line 4", "bob", "2020-11-21T09:01:30", "text", "hi"),
      common("line 5", "bob", "2020-11-21T09:02:00", "action", "waves"),
      common("line 9", "bobby", "2020-11-22T00:10:00", "text", "bold red"),
    ]);
  });

  test("reports unknown lines by number", () => {
    const log = [
      "09:00 <ana> on no day",
      "--- Log opened Sa Nov 21 09:00:00 2020",
      "--- Day changed So Dez 22 2020",
      "--- Log opened Sat Nov 31 09:00:00 2020",
      "09:01 <ana> a day that there is not",
      "--- Log opened Sat Nov 21 09:00:00 2020",
      "continued",
      "09:02 what is this",
      "25:00 <ana> late",
    ].join("\n");
    const { entries, problems } = readIrssi(bytes(log), utc);
    expect(entries).toEqual([]);
    expect(problems.map(({ location }) => location)).toEqual(
      [1, 3, 5, 7, 8, 9].map((line) => `line ${line}`),
    );
  });
});

test("imports WeeChat messages and actions, and skips events", () => {
  const log = [
    "2020-11-21 09:00:00\t-->\tana (~ana@host) has joined #chat",
    "2020-11-21 09:01:00\t@ana\thello\twith a tab",
    "2020-11-21 09:02:00\t *\tbob waves",
    "2020-11-21 09:03:00\t--\tbob is now known as bobby",
    "2020-11-21 09:04:00\t\tno prefix",
  ].join("\n");
  const { entries, problems, skipped } = readWeechat(bytes(log), utc);
  expect(problems).toEqual([]);
  expect(skipped).toBe(3);
  expect(entries).toEqual([
    common("line 2", "ana", "2020-11-21T09:01:00", "text", "hello\twith a tab"),
    common("line 3", "bob", "2020-11-21T09:02:00", "action", "waves"),
  ]);
});

function common(
  location: string,
  from: string,
  time: string,
  kind: "text" | "action",
  text: string,
) {
  return { location, from, timeUnixMs: at(time), kind, text };
}
