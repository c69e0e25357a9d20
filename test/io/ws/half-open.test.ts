import { describe, expect, test } from "bun:test";
import {
  FIRST_REQUEST_TIMEOUT_MS,
  HALF_OPEN_CHECK_INTERVAL_MS,
  HALF_OPEN_CHECK_SHORT_INTERVAL_MS,
  HALF_OPEN_PER_ADDRESS_MAX,
  HALF_OPEN_WHEN_SHORT_MAX,
} from "../../../src/base/limits.ts";
import { HalfOpenWatch, type OpenSocket, openSockets } from "../../../src/io/ws/half-open.ts";

const PORT = 4_433;
const HOST = "192.0.2.1";

class Bench {
  open: OpenSocket[] = [];
  isShort = false;
  now = 0;
  scanMs = 0;
  #last = 10;
  readonly watch = new HalfOpenWatch({
    sockets: {
      at: () => {
        this.now += this.scanMs;
        return this.open;
      },
      shutdown: (descriptor) => {
        this.open = this.open.filter((one) => one.descriptor !== descriptor);
      },
    },
    port: PORT,
    now: () => this.now,
    areDescriptorsLow: () => this.isShort,
  });

  connect(count: number, host = HOST): OpenSocket[] {
    const added = Array.from({ length: count }, () => {
      const descriptor = ++this.#last;
      return { descriptor, remote: { host, port: 10_000 + descriptor } };
    });
    this.open.push(...added);
    return added;
  }
}

describe("half-open connections", () => {
  test("of one address are bounded, and the oldest closed", () => {
    const bench = new Bench();
    const first = bench.connect(10);
    expect(bench.watch.scan()).toBe(HALF_OPEN_CHECK_INTERVAL_MS);
    bench.now = 1_000;
    const more = bench.connect(HALF_OPEN_PER_ADDRESS_MAX);
    const others = bench.connect(HALF_OPEN_PER_ADDRESS_MAX, "192.0.2.2");
    const own = bench.connect(2 * HALF_OPEN_PER_ADDRESS_MAX, "127.0.0.1");
    bench.watch.scan();
    expect(bench.open).toEqual([...more, ...others, ...own]);
    expect(bench.open).not.toContain(first[0] as OpenSocket);
  });

  test("are closed without a request in time", () => {
    const bench = new Bench();
    const [silent, busy] = bench.connect(2, "127.0.0.1");
    if (silent === undefined || busy === undefined) throw new Error("two were opened");
    bench.watch.scan();
    bench.watch.onRequest(busy.remote);
    for (bench.now = 1_000; bench.now <= FIRST_REQUEST_TIMEOUT_MS; bench.now += 1_000)
      bench.watch.scan();
    bench.now = FIRST_REQUEST_TIMEOUT_MS;
    bench.watch.scan();
    expect(bench.open).toEqual([silent, busy]);
    bench.now++;
    bench.watch.scan();
    expect(bench.open).toEqual([busy]);
  });

  test("are checked again soon after a slow scan", () => {
    const bench = new Bench();
    const slow = (ms: number) => {
      bench.connect(1);
      bench.scanMs = ms;
      return bench.watch.scan();
    };
    expect([5, 20, 99, 100, 101, 3_000].map(slow)).toEqual([
      ...[HALF_OPEN_CHECK_INTERVAL_MS, 2_000, 9_900],
      ...[FIRST_REQUEST_TIMEOUT_MS, FIRST_REQUEST_TIMEOUT_MS, FIRST_REQUEST_TIMEOUT_MS],
    ]);
  });

  test("are limited further when descriptors run out", () => {
    const bench = new Bench();
    bench.isShort = true;
    bench.connect(200, "127.0.0.1");
    const other = bench.connect(2);
    expect(bench.watch.scan()).toBe(HALF_OPEN_CHECK_SHORT_INTERVAL_MS);
    expect(bench.open).toHaveLength(HALF_OPEN_WHEN_SHORT_MAX + other.length);
    expect(bench.open).toContain(other[0] as OpenSocket);
  });
});

test.if(process.platform === "linux").each(["127.0.0.1", "::1"])(
  "finds the accepted sockets of a port, and closes one: %s",
  async (host) => {
    const ended = Promise.withResolvers<void>();
    const accepted = Promise.withResolvers<void>();
    const server = Bun.listen({
      hostname: host === "::1" ? "::" : host,
      port: 0,
      socket: { data: () => undefined, open: () => accepted.resolve() },
    });
    const client = await Bun.connect({
      hostname: host,
      port: server.port,
      socket: { data: () => undefined, close: () => ended.resolve() },
    });
    await accepted.promise;
    const sockets = openSockets();
    const found = sockets?.at(server.port) ?? [];
    expect(found.map(({ remote }) => remote)).toEqual([{ host, port: client.localPort }]);
    sockets?.shutdown(found[0]?.descriptor ?? -1);
    await ended.promise;
    server.stop(true);
  },
);
