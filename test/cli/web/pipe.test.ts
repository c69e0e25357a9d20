import { describe, expect, test } from "bun:test";
import { MESSAGE_BYTES_MAX } from "../../../src/base/limits.ts";
import { RELAY_QUEUE_BYTES_MAX } from "../../../src/base/limits-page.ts";
import { Pipe } from "../../../src/cli/web/proxy.ts";
import type { Link } from "../../../src/io/link/link.ts";

class SlowLink {
  readonly taken: Uint8Array[] = [];
  isClosed = false;
  isSlow = false;
  refuses = false;
  #release = () => {};

  queuedBytes(): number {
    return this.isSlow ? MESSAGE_BYTES_MAX : 0;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.isSlow = false;
    this.#release();
  }

  send(message: Uint8Array): boolean {
    if (this.refuses) return false;
    this.taken.push(message);
    return true;
  }

  close(): void {
    this.isClosed = true;
  }
}

function open() {
  const slow = new SlowLink();
  return { slow, pipe: new Pipe(slow as unknown as Link) };
}

describe("a pipe", () => {
  test("passes messages immediately while the receiver keeps up, then closes", () => {
    const { slow, pipe } = open();
    expect(pipe.push(Uint8Array.of(1))).toBeUndefined();
    expect(slow.taken).toEqual([Uint8Array.of(1)]);
    pipe.end();
    expect(slow.isClosed).toBe(true);
    pipe.push(Uint8Array.of(2));
    expect(slow.taken).toHaveLength(1);
  });

  test("queues messages for a slow receiver, and sends them before it closes", async () => {
    const { slow, pipe } = open();
    slow.isSlow = true;
    for (let i = 0; i < 3; i++) pipe.push(Uint8Array.of(i));
    pipe.end();
    expect([slow.taken.length, slow.isClosed]).toEqual([0, false]);
    slow.release();
    await Promise.resolve();
    expect(slow.taken.map(([first]) => first)).toEqual([0, 1, 2]);
    expect(slow.isClosed).toBe(true);
  });

  test("is bounded", () => {
    const { slow, pipe } = open();
    slow.isSlow = true;
    const piece = new Uint8Array(1 << 20);
    for (let size = 0; size < RELAY_QUEUE_BYTES_MAX; size += piece.length) {
      expect(pipe.push(piece)).toBeUndefined();
    }
    expect(pipe.push(Uint8Array.of(1))?.code).toBe("too-many");
  });

  test("ends when the receiver closes", () => {
    const { slow, pipe } = open();
    slow.refuses = true;
    pipe.push(Uint8Array.of(1));
    expect(slow.isClosed).toBe(true);
  });
});
