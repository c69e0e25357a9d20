import { expect, test } from "bun:test";
import { NOTIFICATION_CODE_POINTS_MAX } from "../../../../src/base/limits-screen.ts";
import {
  DesktopNotifier,
  notificationText,
} from "../../../../src/cli/screen/terminal/notification.ts";

const LONG = "x".repeat(NOTIFICATION_CODE_POINTS_MAX + 1);
const SHORT = `${"x".repeat(NOTIFICATION_CODE_POINTS_MAX - 1)}…`;

test("encodes any text as one notification sequence", () => {
  const text = "a\x07b\x1b\\c\x9cd\ne";
  const clean = "a␇b␛\\c<U+009C>d␊e";
  expect(notificationText("ana", text, "osc9")).toBe(`\x1b]9;ana: ${clean}\x1b\\`);
  expect(notificationText("a;b", "4;1", "osc777")).toBe("\x1b]777;notify;a,b;4,1\x1b\\");
  expect(notificationText("4;1", "", "osc9")).toBe("\x1b]9;4,1: \x1b\\");
  expect(notificationText("ana", LONG, "osc9")).toBe(`\x1b]9;ana: ${SHORT}\x1b\\`);
});

test("passes text to notify-send without options or markup", async () => {
  const commands: (readonly string[])[] = [];
  const notifier = new DesktopNotifier(async (command) => commands.push(command));
  await notifier.notify("--help", "<b>&\x1b[m</b>");
  await notifier.notify("ana", LONG);
  expect(commands).toEqual([
    ["notify-send", "--app-name=chat", "--", "--help", "&lt;b&gt;&amp;␛[m&lt;/b&gt;"],
    ["notify-send", "--app-name=chat", "--", "ana", SHORT],
  ]);
});

test("sends one notification at a time", async () => {
  const ended = Promise.withResolvers<void>();
  let runs = 0;
  const notifier = new DesktopNotifier(() => {
    runs++;
    return ended.promise;
  });
  const first = notifier.notify("ana", "one");
  await notifier.notify("ana", "two");
  expect(runs).toBe(1);
  ended.resolve();
  await first;
  await notifier.notify("ana", "three");
  expect(runs).toBe(2);
});
