import { expect, test } from "bun:test";
import type { Socket } from "bun";
import fc from "fast-check";
import { concatBytes } from "../../../src/base/bytes.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { FlushQueue } from "../../../src/io/link/line-socket.ts";
import { TcpLineSocket } from "../../../src/io/tcp/listener.ts";
import { LineObserver } from "../line-client.ts";

/** Kernel side of a socket, which takes as many bytes as a test allows. */
class Kernel {
  readonly taken: Uint8Array[] = [];
  roomBytes = Number.POSITIVE_INFINITY;
  shutdowns = 0;

  write(bytes: Uint8Array): number {
    const taken = bytes.slice(0, this.roomBytes);
    this.roomBytes -= taken.length;
    this.taken.push(taken);
    return taken.length;
  }

  shutdown(): void {
    this.shutdowns += 1;
  }

  resume(): void {}
  end(): void {}
  terminate(): void {}
}

function opened() {
  const kernel = new Kernel();
  const flushQueue = new FlushQueue();
  const remote = { host: "192.0.2.1", port: 1 };
  const socket = new TcpLineSocket(kernel as unknown as Socket, remote, {
    isSecure: false,
    clock: systemClock(),
    flushQueue,
    onClosed: () => undefined,
  });
  socket.attach(new LineObserver(socket));
  return { kernel, socket };
}

function lineOf(sizeBytes: number, fill: number): Uint8Array {
  const line = new Uint8Array(sizeBytes + 2).fill(fill);
  line.set([13, 10], sizeBytes);
  return line;
}

test("sends all writes of one tick together", async () => {
  const { kernel, socket } = opened();
  const lines = [lineOf(10, 1), lineOf(20, 2), lineOf(30, 3)];
  for (const line of lines) socket.write(line);
  expect(kernel.taken).toEqual([]);
  await Promise.resolve();
  expect(kernel.taken).toEqual([concatBytes(...lines)]);
  expect(socket.queuedBytes()).toBe(0);
  socket.destroy();
});

test("sends every byte once and in order, however few the kernel takes", async () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ write: fc.array(fc.nat(40_000), { maxLength: 5 }) }),
      fc.record({ drain: fc.nat(50_000) }),
    ),
    { maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const { kernel, socket } = opened();
      kernel.roomBytes = 0;
      const written: Uint8Array[] = [];
      for (const step of sequence) {
        if ("drain" in step) {
          kernel.roomBytes = step.drain;
          socket.onDrain();
        } else {
          const lines = step.write.map((sizeBytes) => lineOf(sizeBytes, written.length & 0x7f));
          for (const line of lines) socket.write(line);
          written.push(...lines);
          await Promise.resolve();
        }
        const all = concatBytes(...written);
        const taken = concatBytes(...kernel.taken);
        expect(Buffer.compare(taken, all.subarray(0, taken.length))).toBe(0);
        expect(socket.queuedBytes()).toBe(all.length - taken.length);
      }
      socket.end();
      kernel.roomBytes = Number.POSITIVE_INFINITY;
      socket.onDrain();
      expect(Buffer.compare(concatBytes(...kernel.taken), concatBytes(...written))).toBe(0);
      expect(kernel.shutdowns).toBe(1);
      socket.destroy();
    }),
  );
});
