import { describe, expect, test } from "bun:test";
import type { Fault } from "../../src/base/fault.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { Bench, PINNED_ADDRESS } from "./bench.ts";

describe("trust", () => {
  test("another identity stops everything, before a secret is sent", async () => {
    const bench = new Bench();
    await bench.outcome(bench.client().client.connect());
    const old = bench.server.identity.fingerprint;
    bench.server.identity = Identity.generate();
    bench.server.requests.length = 0;
    const fault = await bench.outcome(bench.client().client.connect());
    expect(fault).toMatchObject({ code: "fingerprint-changed", exitCode: 6 });
    expect((fault as Fault).message).toContain(old);
    expect((fault as Fault).message).toContain(bench.server.identity.fingerprint);
    expect(bench.server.requests).toEqual([]);
    expect(bench.state.pin(PINNED_ADDRESS)?.fingerprint).toBe(old);
  });

  test("it stops a reconnection too, for good", async () => {
    const bench = new Bench();
    const watched = bench.client();
    await bench.outcome(watched.client.connect());
    bench.server.identity = Identity.generate();
    bench.network.cut();
    await bench.clock.advance(5_000);
    expect(watched.last("closed")?.fault?.code).toBe("fingerprint-changed");
  });

  test("what was given must fit, and fitting it is enough for the strict", async () => {
    const bench = new Bench();
    const other = Identity.generate().fingerprint;
    expect(await bench.code(bench.client({ fingerprint: other }).client.connect())).toBe(
      "fingerprint-changed",
    );
    expect(await bench.code(bench.client({ strict: true }).client.connect())).toBe(
      "fingerprint-changed",
    );
    expect(bench.server.requests).toEqual([]);
    const { fingerprint } = bench.server.identity;
    expect(await bench.code(bench.client({ strict: true, fingerprint }).client.connect())).toBe(
      "fine",
    );
  });

  test.each(["proof", "certificate", "nonce"] as const)("a forged %s", async (field) => {
    const bench = new Bench();
    bench.server.mischief.onWelcome = (welcome) => ({
      ...welcome,
      [field]: welcome[field].map((byte) => byte ^ 1),
    });
    expect(await bench.code(bench.client().client.connect())).toBe("fingerprint-changed");
    expect(bench.server.requests).toEqual([]);
  });
});
