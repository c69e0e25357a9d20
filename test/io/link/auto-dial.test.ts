import { describe, expect, test } from "bun:test";
import { Fault, type FaultCode } from "../../../src/base/fault.ts";
import {
  TRANSPORT_FALLBACK_DELAY_MS,
  TRANSPORT_PROBATION_MS,
  TRANSPORT_REFUSAL_GRACE_MS,
} from "../../../src/base/limits.ts";
import { AutoDialer, type DialTransport } from "../../../src/io/link/auto-dial.ts";
import type { Link } from "../../../src/io/link/link.ts";
import { MemoryNetwork } from "../../../src/io/link/memory-network.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const TARGET = { host: "10.0.0.1", port: 2428, timeoutMs: 10_000 };

class Crossroads {
  readonly clock = new VirtualClock();
  readonly tried: DialTransport[] = [];
  readonly #outcomes: Record<DialTransport, PromiseWithResolvers<Link>>;
  readonly #network = new MemoryNetwork(this.clock);
  readonly dialer: AutoDialer;

  constructor(first: DialTransport = "tcp", learns = true) {
    this.#outcomes = { tcp: Promise.withResolvers(), udp: Promise.withResolvers() };
    const dialOf = (way: DialTransport) => () => {
      this.tried.push(way);
      return this.#outcomes[way].promise;
    };
    const dials = { tcp: dialOf("tcp"), udp: dialOf("udp") };
    this.dialer = new AutoDialer({ dials, clock: this.clock, first, remembersTransport: learns });
    this.#network.listen(
      { ...TARGET, certificateHash: new Uint8Array(32) },
      { accept: () => true, link: () => {} },
    );
  }

  async answers(way: DialTransport): Promise<Link> {
    const dialing = this.#network.dialFrom("10.0.0.2")(TARGET);
    await this.clock.advance(1);
    const link = await dialing;
    this.#outcomes[way].resolve(link);
    await this.clock.advance(0);
    return link;
  }

  async fails(way: DialTransport, code: FaultCode = "unreachable"): Promise<void> {
    this.#outcomes[way].promise.catch(() => {});
    this.#outcomes[way].reject(new Fault(code, `no way by ${way}`));
    await this.clock.advance(0);
  }

  restart(): void {
    this.#outcomes.tcp = Promise.withResolvers();
    this.#outcomes.udp = Promise.withResolvers();
    this.tried.length = 0;
  }
}

function outcome(dialing: Promise<Link>): Promise<unknown> {
  return dialing.catch((error: unknown) => error);
}

describe("a dial with two transports", () => {
  test("uses only the first while it answers in time", async () => {
    const ways = new Crossroads();
    const dialing = ways.dialer.dial(TARGET);
    const link = await ways.answers("tcp");
    expect(await dialing).toBe(link);
    await ways.clock.advance(2 * TRANSPORT_FALLBACK_DELAY_MS);
    expect(ways.tried).toEqual(["tcp"]);
  });

  test("uses the other after a refusal, and starts with it next time", async () => {
    const ways = new Crossroads();
    const dialing = ways.dialer.dial(TARGET);
    await ways.fails("tcp");
    expect(ways.tried).toEqual(["tcp", "udp"]);
    const link = await ways.answers("udp");
    expect(await dialing).toBe(link);
    ways.restart();
    const again = ways.dialer.dial(TARGET);
    await ways.answers("udp");
    await again;
    expect(ways.tried).toEqual(["udp"]);
  });

  test.each(["tcp", "udp"] as const)(
    "tries the other beside a silent %s after TRANSPORT_FALLBACK_DELAY_MS",
    async (silent) => {
      const other = silent === "tcp" ? "udp" : "tcp";
      const ways = new Crossroads(silent);
      const dialing = ways.dialer.dial(TARGET);
      await ways.clock.advance(TRANSPORT_FALLBACK_DELAY_MS - 1);
      expect(ways.tried).toEqual([silent]);
      await ways.clock.advance(1);
      expect(ways.tried).toEqual([silent, other]);
      const link = await ways.answers(other);
      expect(await dialing).toBe(link);
      const late = await ways.answers(silent);
      expect(late.send(new Uint8Array(1))).toBe(false);
      expect(link.send(new Uint8Array(1))).toBe(true);
    },
  );

  test("waits for both, and reports the fault of the preferred one", async () => {
    const ways = new Crossroads();
    const dialing = outcome(ways.dialer.dial(TARGET));
    await ways.clock.advance(TRANSPORT_FALLBACK_DELAY_MS);
    await ways.fails("udp");
    await ways.fails("tcp", "timeout");
    expect(await dialing).toMatchObject({ code: "timeout", message: "no way by tcp" });
    ways.restart();
    const both = outcome(ways.dialer.dial(TARGET));
    await ways.fails("tcp");
    await ways.fails("udp");
    expect(await both).toMatchObject({ message: "no way by tcp" });
  });

  test("retries the transport that worked for TRANSPORT_REFUSAL_GRACE_MS of refusals", async () => {
    const ways = new Crossroads();
    const first = ways.dialer.dial(TARGET);
    await ways.answers("tcp");
    await first;
    for (const [afterMs, tried] of [
      [0, ["tcp"]],
      [TRANSPORT_REFUSAL_GRACE_MS - 1, ["tcp"]],
      [1, ["tcp", "udp"]],
    ] as const) {
      await ways.clock.advance(afterMs);
      ways.restart();
      const dialing = outcome(ways.dialer.dial(TARGET));
      await ways.fails("tcp");
      await ways.fails("udp");
      expect(await dialing).toMatchObject({ message: "no way by tcp" });
      expect([...ways.tried]).toEqual([...tried]);
    }
  });

  async function loses(ways: Crossroads, way: DialTransport, code: FaultCode, ageMs = 0) {
    const dialing = ways.dialer.dial(TARGET);
    const opened = ways.answers(way);
    await Promise.all([dialing, opened]);
    const link = await dialing;
    await ways.clock.advance(ageMs);
    ways.restart();
    return link.failed?.(new Fault(code, "lost"));
  }

  async function nextTried(ways: Crossroads): Promise<DialTransport | undefined> {
    void outcome(ways.dialer.dial(TARGET));
    await ways.clock.advance(0);
    const [first] = ways.tried;
    ways.restart();
    return first;
  }

  test.each([true, false])(
    "begins with the other after a link on which nothing arrived, also if it learns: %p",
    async (learns) => {
      const ways = new Crossroads("tcp", learns);
      expect(await loses(ways, "tcp", "timeout", TRANSPORT_PROBATION_MS - 1)).toBe(true);
      expect(await nextTried(ways)).toBe("udp");
    },
  );

  test("begins with the other after two links that were lost at once", async () => {
    const ways = new Crossroads();
    expect(await loses(ways, "tcp", "link-closed")).toBe(false);
    expect(await loses(ways, "tcp", "link-closed")).toBe(true);
    expect(await nextTried(ways)).toBe("udp");
  });

  test("returns to the first if the other carries nothing, but never in a loop", async () => {
    const ways = new Crossroads();
    expect(await loses(ways, "tcp", "timeout")).toBe(true);
    expect(await loses(ways, "udp", "timeout")).toBe(false);
    expect(await nextTried(ways)).toBe("tcp");
  });

  test.each([
    ["after a minute", "timeout", TRANSPORT_PROBATION_MS],
    ["because the server ended them", "shutting-down", 0],
  ] as const)("keeps a transport whose links end %s", async (_, code, ageMs) => {
    const ways = new Crossroads();
    for (let i = 0; i < 3; i++) expect(await loses(ways, "tcp", code, ageMs)).toBe(false);
    expect(await nextTried(ways)).toBe("tcp");
  });
});
