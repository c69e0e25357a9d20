import { describe, expect, test } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { STALL_REPORTED_AFTER_MS } from "../../../src/base/limits.ts";
import {
  barLine,
  ProgressDisplay,
  ProgressLines,
  progressJson,
} from "../../../src/cli/output/progress.ts";
import type { TransferProgress } from "../../../src/client/files/progress.ts";
import { fakeContext } from "../../commands/fake-world.ts";

const MB = 1e6;
const ID = "fAAAAAAAAAAA" as FileId;

function progressAt(doneMb: number, more: Partial<TransferProgress> = {}): TransferProgress {
  const file = { id: ID, name: "photo.jpg", sizeBytes: 100 * MB };
  const pace = { resumedBytes: 0, ratePerS: 10 * MB, leftMs: 9_000, elapsedMs: 500 };
  return { ...file, doneBytes: doneMb * MB, ...pace, ...more };
}

function show(options: { terminal?: boolean; json?: boolean }) {
  const { world, context } = fakeContext(options);
  const display = new ProgressDisplay(context);
  return { display, out: () => world.stdout.text, err: () => world.stderr.text };
}

describe("without a terminal", () => {
  test("prints a line per tenth", () => {
    const { display, err, out } = show({});
    for (let done = 0; done <= 100; done++) display.update(progressAt(done));
    const lines = err().trim().split("\n");
    expect(lines.length).toBe(10);
    expect(lines[0]).toBe("chat: photo.jpg: 10 %, 10.0 MB of 100 MB, 10.0 MB/s, 9 s left");
    expect(lines.at(-1)).toBe("chat: photo.jpg: 100 %, 100 MB");
    expect(out()).toBe("");
  });

  test("reports a stall once, after STALL_REPORTED_AFTER_MS, with its cause", () => {
    const lines = new ProgressLines();
    const stalled = (forMs: number) =>
      lines.next(progressAt(5, { ratePerS: 0, pause: { cause: "network", durationMs: forMs } }));
    expect(stalled(STALL_REPORTED_AFTER_MS - 1)).toBeUndefined();
    expect(stalled(STALL_REPORTED_AFTER_MS)).toBe("photo.jpg: waiting for the network (3 s)");
    expect(stalled(STALL_REPORTED_AFTER_MS + 1)).toBeUndefined();
    expect(lines.next(progressAt(6))).toBeUndefined();
    expect(stalled(STALL_REPORTED_AFTER_MS)).toContain("waiting for the network");
  });
});

describe("a long transfer", () => {
  const lastLine = (more: Partial<TransferProgress> = {}) => {
    const line = new ProgressLines().next(progressAt(100, { elapsedMs: 4_060, ...more }));
    return line?.replace("photo.jpg: ", "");
  };

  test("ends with the time and the rate of this run", () => {
    expect(lastLine()).toBe("100 %, 100 MB in 4.1 s, 24.6 MB/s");
    expect(lastLine({ elapsedMs: 999 })).toBe("100 %, 100 MB");
    expect(lastLine({ resumedBytes: 90 * MB, elapsedMs: 2_000 })).toBe(
      "100 %, 100 MB (10.0 MB in this run) in 2.0 s, 5.0 MB/s",
    );
    expect(lastLine({ resumedBytes: 100 * MB })).toBe("100 %, 100 MB");
  });
});

describe("on a terminal", () => {
  test("draws one row that fits the window, and clears it at the end", async () => {
    const { display, err } = show({ terminal: true });
    display.update(progressAt(50));
    expect(err()).toBe(
      "\r\x1b[Kphoto.jpg [##########----------] 50 %, 50.0 MB of 100 MB, 10.0 MB/s, 9 s left",
    );
    await display.end();
    expect(err()).toEndWith("\r\x1b[K");
  });

  test("flushes a line printed in place of the bar before the command's result", async () => {
    const { world, context } = fakeContext({ terminal: true });
    let flushes = 0;
    world.stderr.flushed = async () => void flushes++;
    const display = new ProgressDisplay(context);
    display.update(progressAt(100, { elapsedMs: 4_060 }));
    await display.end();
    expect(flushes).toBe(1);
  });

  test.each([10, 20, 40, 80])("is never wider than %i columns", (columns) => {
    const name = "日本語の名前がとても長いファイル.jpg";
    expect(Bun.stringWidth(barLine(progressAt(50, { name }), 3, columns))).toBeLessThan(columns);
  });

  test("escapes hostile names", () => {
    expect(barLine(progressAt(50, { name: "\x1b[2Ja\n\rb" }), 0, 80)).toStartWith("␛[2Ja␊␍b [");
  });
});

test("prints NDJSON with the fields of the contract", () => {
  const { display, out, err } = show({ json: true });
  display.update(progressAt(50));
  expect(out()).toBe(
    `{"kind":"progress","id":"${ID}","name":"photo.jpg","sentBytes":50000000,` +
      '"sizeBytes":100000000}\n',
  );
  expect(err()).toBe("");
  const { sizeBytes: _size, ...unsized } = progressAt(1);
  expect(progressJson(unsized)).not.toHaveProperty("sizeBytes");
});
