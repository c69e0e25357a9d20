import { describe, expect, test } from "bun:test";
import {
  BYTES_AFTER_CLOSE_MAX,
  BYTES_AFTER_CLOSE_MIN,
  MESSAGES_AFTER_CLOSE_MAX,
} from "../../../src/base/limits.ts";
import { LinkInbox } from "../../../src/io/link/base-link.ts";
import { within } from "../../event.ts";

const entry = new URL("link-assert.ts", import.meta.url).pathname;

async function run(broken: string): Promise<[number, string]> {
  const child = Bun.spawn([process.execPath, entry, broken], { stdout: "ignore", stderr: "pipe" });
  const [code, errors] = await within(
    "the end of the process",
    Promise.all([child.exited, new Response(child.stderr).text()]),
  );
  return [code, errors];
}

describe("a bug ends the process, whichever socket event reveals it:", () => {
  test("none: it runs to its end", async () => {
    expect(await run("nowhere")).toEqual([0, ""]);
  });

  const places = ["http", "accept", "link", "server message", "client message"];
  test.each([...places, "server closed", "client closed"])("%s", async (place) => {
    const [code, errors] = await run(place);
    expect(code).toBe(1);
    expect(errors).toContain(`AssertionFailure: broken in ${place}`);
  });

  test.each(["http error", "accept error", "server message error"])("%s", async (place) => {
    const [code, errors] = await run(place);
    expect(code).toBe(1);
    expect(errors).toContain(`TypeError: broken in ${place.replace(" error", "")}`);
  });
});

describe("an end that keeps sending after the close is flooding", () => {
  const muted = (before: readonly number[] = []) => {
    const inbox = new LinkInbox();
    for (const sizeBytes of before) inbox.push(new Uint8Array(sizeBytes));
    inbox.mute();
    return inbox;
  };

  test("by its number of messages", () => {
    const inbox = muted();
    for (let i = 0; i < MESSAGES_AFTER_CLOSE_MAX; i++) inbox.push(new Uint8Array(1));
    expect(inbox.isFlooded).toBe(false);
    inbox.push(new Uint8Array(1));
    expect(inbox.isFlooded).toBe(true);
  });

  test.each([
    ["the least", [], BYTES_AFTER_CLOSE_MIN],
    ["what it had sent", [2 * BYTES_AFTER_CLOSE_MIN], 2 * BYTES_AFTER_CLOSE_MIN],
    ["the most", [BYTES_AFTER_CLOSE_MAX, 1_000], BYTES_AFTER_CLOSE_MAX],
  ])("by its bytes beyond %s", (_, before, sizeBytes) => {
    const inbox = muted(before);
    inbox.push(new Uint8Array(sizeBytes));
    expect(inbox.isFlooded).toBe(false);
    inbox.push(new Uint8Array(1));
    expect(inbox.isFlooded).toBe(true);
  });
});
