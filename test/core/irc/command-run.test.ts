import { describe, expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { CommandRun, type IrcTask, isSimplePost } from "../../../src/core/irc/command-run.ts";
import { type IrcLine, parseIrcLine } from "../../../src/wire/irc/line.ts";

function* nothing(): IrcTask {}

describe("isSimplePost", () => {
  test.each(["PRIVMSG #lobby :hi", "notice #lobby :hi", "@label=a PRIVMSG #lobby hi"])(
    "accepts %p",
    (line) => {
      expect(isSimplePost(parsed(line))).toBe(true);
    },
  );

  test.each([
    "PRIVMSG",
    "PRIVMSG ben :hi",
    "PRIVMSG #lobby,#lab :hi",
    "@batch=a PRIVMSG #lobby :hi",
    "@+draft/reply=x PRIVMSG #lobby :hi",
    "@+reply=x PRIVMSG #lobby :hi",
    "TAGMSG #lobby",
    "TOPIC #lobby :hi",
  ])("refuses %p", (line) => {
    expect(isSimplePost(parsed(line))).toBe(false);
  });
});

describe("a label", () => {
  test("collects the replies, and is cut at 64 characters", () => {
    const run = new CommandRun(nothing(), "x".repeat(65));
    expect(run.label).toBe("x".repeat(64));
    expect(run.replies).toEqual([]);
    expect(new CommandRun(nothing(), "").replies).toEqual([]);
  });

  test("is not required", () => {
    const run = new CommandRun(nothing());
    expect([run.label, run.replies]).toEqual([undefined, undefined]);
  });
});

function parsed(text: string): IrcLine {
  const line = parseIrcLine(utf8Encode(text));
  if (typeof line === "string") throw new Error(line);
  return line;
}
