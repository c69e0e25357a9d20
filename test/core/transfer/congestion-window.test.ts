import { describe, expect, test } from "bun:test";
import {
  CHUNK_BYTES,
  TRANSFER_WINDOW_BYTES_MAX,
  TRANSFER_WINDOW_FIRST_BYTES,
} from "../../../src/base/limits.ts";
import { CongestionWindow } from "../../../src/core/transfer/congestion-window.ts";
import { Pipe, type PipeOptions } from "../pipe.ts";

const MB = 1e6;
const pipe = (options: Partial<PipeOptions> & Pick<PipeOptions, "bytesPerS" | "roundTripMs">) =>
  new Pipe({ windowBytes: TRANSFER_WINDOW_BYTES_MAX, ...options });
const held = (at: Pipe) => (at.bytesPerS * at.roundTripMs) / 1_000;

describe("congestion window on a stable link", () => {
  test.each([
    ["loopback", 900 * MB, 0.3],
    ["a fast loopback", 2_000 * MB, 0.3],
    ["a fast room", 1_000 * MB, 1],
    ["a country away", 125 * MB, 20],
    ["100 ms away", 125 * MB, 100],
    ["200 ms away", 60 * MB, 200],
    ["home", 12.5 * MB, 20],
    ["a slow line", 1 * MB, 50],
  ])("fills %s and keeps its queue short", (_name, bytesPerS, roundTripMs) => {
    const link = pipe({ bytesPerS, roundTripMs });
    link.run(3_000);
    link.queueBytesMax = 0;
    expect(link.run(30_000)).toBeGreaterThan(0.97 * bytesPerS);
    // At least twice the bandwidth-delay product, or the minimum for fast disks and slow links.
    const least = Math.max(TRANSFER_WINDOW_FIRST_BYTES, (2 * 2 * bytesPerS) / 1_000);
    expect(link.queueBytesMax).toBeLessThan(Math.max(2 * held(link) + CHUNK_BYTES, least));
  });

  test("reaches full speed within a few round trips", () => {
    const link = pipe({ bytesPerS: 125 * MB, roundTripMs: 100 });
    link.run(700); // The window grows to 1, 2, 4, 8, 16 MiB.
    expect(link.run(500)).toBeGreaterThan(0.95 * 125 * MB);
  });

  test("never exceeds the granted window", () => {
    for (const windowBytes of [CHUNK_BYTES, 3 * CHUNK_BYTES, 4 << 20]) {
      const link = pipe({ bytesPerS: 900 * MB, roundTripMs: 100, windowBytes });
      link.run(3_000);
      expect(link.queueBytesMax).toBeLessThanOrEqual(windowBytes + 1);
      expect(link.sending.inFlightBytes).toBeLessThanOrEqual(windowBytes);
      expect(link.ackedBytes).toBeGreaterThan(0);
    }
  });

  test("keeps only two chunks in flight on a very slow link", () => {
    const link = pipe({ bytesPerS: 0.1 * MB, roundTripMs: 50 });
    link.run(60_000);
    link.queueBytesMax = 0;
    expect(link.run(60_000)).toBeGreaterThan(0.9 * link.bytesPerS);
    expect(link.queueBytesMax).toBeLessThanOrEqual(2 * CHUNK_BYTES + 1);
  });

  test("bridges a disk's syncs, and has a short queue afterwards", () => {
    const pause = { everyBytes: 16 << 20, forMs: 20 };
    const link = pipe({ bytesPerS: 900 * MB, roundTripMs: 0.3, pause });
    link.run(1_000);
    // 20 ms per 16 MiB limit the rate to 839 MB/s if the link is busy.
    expect(link.run(5_000)).toBeGreaterThan(780 * MB);
    link.pause = undefined;
    link.run(3_000);
    link.queueBytesMax = 0;
    expect(link.run(5_000)).toBeGreaterThan(0.97 * 900 * MB);
    expect(link.queueBytesMax).toBeLessThan((2 * 2 * 900 * MB) / 1_000);
  });

  test("does not underestimate the link because of a slow source", () => {
    const link = pipe({ bytesPerS: 125 * MB, roundTripMs: 20, readMs: 10 });
    expect(link.run(20_000)).toBeGreaterThan(0.9 * (CHUNK_BYTES / 10) * 1_000);
    expect(link.queueBytesMax).toBeLessThanOrEqual(CHUNK_BYTES + 1);
  });
});

describe("congestion window on a changing link", () => {
  const settled = () => {
    const link = pipe({ bytesPerS: 100 * MB, roundTripMs: 40 });
    link.run(5_000);
    return link;
  };

  test("drains the queue of a slower link within seconds", () => {
    const link = settled();
    link.bytesPerS = 5 * MB;
    link.run(4_000);
    link.queueBytesMax = 0;
    expect(link.run(5_000)).toBeGreaterThan(0.9 * 5 * MB);
    expect(link.queueBytesMax).toBeLessThan(TRANSFER_WINDOW_FIRST_BYTES + CHUNK_BYTES);
  });

  test("follows a faster link", () => {
    const link = settled();
    link.bytesPerS = 5 * MB;
    link.run(8_000);
    link.bytesPerS = 100 * MB;
    link.run(2_000);
    expect(link.run(3_000)).toBeGreaterThan(0.97 * 100 * MB);
  });

  test("fills a link with a longer round trip within seconds", () => {
    const link = settled();
    link.roundTripMs = 120;
    link.run(2_000);
    expect(link.run(5_000)).toBeGreaterThan(0.97 * 100 * MB);
  });

  test("drains the queue after the round trip becomes shorter", () => {
    const link = settled();
    link.roundTripMs = 5;
    link.run(25_000);
    link.queueBytesMax = 0;
    link.run(5_000);
    expect(link.queueBytesMax).toBeLessThan(TRANSFER_WINDOW_FIRST_BYTES + CHUNK_BYTES);
  });
});

test("respects a limit below the initial window", () => {
  expect(new CongestionWindow(2 * CHUNK_BYTES, 0).sizeBytes).toBe(2 * CHUNK_BYTES);
  expect(new CongestionWindow(TRANSFER_WINDOW_BYTES_MAX, 0).sizeBytes).toBe(
    TRANSFER_WINDOW_FIRST_BYTES,
  );
});

test("measures the round trip again after ten seconds", () => {
  const shrinksAt = (roundTripMs: (now: number) => number) => {
    const window = new CongestionWindow(TRANSFER_WINDOW_BYTES_MAX, 0);
    for (let now = 0; now < 30_000; ) {
      const flight = window.sent(CHUNK_BYTES, now);
      now += roundTripMs(now);
      window.acked(flight, now);
      if (window.sizeBytes < 2 * CHUNK_BYTES) return now;
    }
    return undefined;
  };
  expect(shrinksAt(() => 10)).toBeUndefined();
  expect(shrinksAt((now) => (now === 0 ? 10 : 20))).toBe(10_010);
});

test("works with a coarse or stopped clock", () => {
  const window = new CongestionWindow(TRANSFER_WINDOW_BYTES_MAX, 0);
  for (let i = 0; i < 1_000; i++) {
    const flights = [1, 2, 3, 4].map(() => window.sent(CHUNK_BYTES, i >> 3));
    for (const flight of flights) window.acked(flight, (i + 4) >> 3);
    expect(window.inFlightBytes).toBe(0);
    expect(window.sizeBytes).toBeGreaterThanOrEqual(2 * CHUNK_BYTES);
    expect(window.sizeBytes).toBeLessThanOrEqual(TRANSFER_WINDOW_BYTES_MAX);
  }
});
