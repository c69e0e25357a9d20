import { expect, test } from "bun:test";
import { GuessDelayDisplay } from "../../../src/cli/connect/client.ts";
import { ENGLISH_TERMINAL } from "../../../src/ui/messages/en/terminal.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { fakeContext } from "../../commands/fake-world.ts";

function show(options: { terminal?: boolean; json?: boolean; env?: Record<string, string> } = {}) {
  const clock = new VirtualClock();
  const { world, context } = fakeContext({ ...options, clock });
  const shown = new GuessDelayDisplay(context);
  return { shown, clock, err: () => world.stderr.text, out: () => world.stdout.text };
}

test("counts down on a terminal, and clears the line", async () => {
  const { shown, clock, err } = show({ terminal: true });
  shown.update({ waitMs: 12_000, of: "address" });
  expect(err()).toBe("");
  await clock.advance(2_500);
  expect(err().split("\r\x1b[K").slice(1)).toEqual([
    "chat: too many wrong attempts from this address; retrying in 12 s",
    "chat: too many wrong attempts from this address; retrying in 11 s",
    "chat: too many wrong attempts from this address; retrying in 10 s",
  ]);
  shown.update(undefined);
  const shownSoFar = err();
  expect(shownSoFar).toEndWith("10 s\r\x1b[K");
  await clock.advance(60_000);
  expect(err()).toBe(shownSoFar);
});

test.each([[{}], [{ json: true }], [{ terminal: true, env: { TERM: "dumb" } }]])(
  "prints one line with %p",
  async (options) => {
    const { shown, clock, err, out } = show(options);
    shown.update({ waitMs: 12_000, of: "everyone" });
    await clock.advance(60_000);
    shown.update(undefined);
    expect(err()).toBe("chat: too many attempts by everyone; retrying in 12 s\n");
    expect(out()).toBe("");
  },
);

test("prints nothing if the password is correct", async () => {
  const { shown, clock, err } = show({ terminal: true });
  shown.update({ waitMs: 12_000, of: "address" });
  await clock.advance(300);
  shown.update(undefined);
  await clock.advance(60_000);
  expect(err()).toBe("");
});

test("passes the delay to the full screen once", async () => {
  const { shown, clock, err } = show({ terminal: true });
  const said: string[] = [];
  shown.displayOverride = (text) => said.push(text(ENGLISH_TERMINAL));
  shown.update({ waitMs: 2_000, of: "address" });
  await clock.advance(10_000);
  expect(said).toEqual(["too many wrong attempts from this address; retrying in 2 s"]);
  expect(err()).toBe("");
});
