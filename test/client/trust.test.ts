import { describe, expect, test } from "bun:test";
import type { Fault } from "../../src/base/fault.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { type FormerKey, makeSuccession } from "../../src/crypto/succession.ts";
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

  test("the fault names the way out with the server's address", async () => {
    const bench = new Bench();
    await bench.outcome(bench.client().client.connect());
    bench.server.identity = Identity.generate();
    const fault = (await bench.outcome(bench.client().client.connect())) as Fault;
    expect(fault.remedy).toContain(`chat trust accept ${PINNED_ADDRESS}`);
  });
});

describe("a server that changes its key", () => {
  /** Somebody who knows the server by its first key, which then had so many successors. */
  async function after(changes: number, mend = (formers: FormerKey[]) => formers) {
    const bench = new Bench();
    const first = bench.client();
    await bench.outcome(first.client.connect());
    await bench.outcome(first.client.close());
    const old = bench.server.identity;
    const formers: FormerKey[] = [];
    for (let i = 0; i < changes; i++) {
      const next = Identity.generate();
      formers.unshift(makeSuccession(bench.server.identity, next.publicKey));
      bench.server.identity = next;
    }
    const predecessors = mend(formers);
    bench.server.mischief.onWelcome = (welcome) => ({ ...welcome, predecessors });
    return { bench, old };
  }

  test.each([1, 2, 8])("%i times: known as before, with all that is filed", async (changes) => {
    const { bench, old } = await after(changes);
    bench.server.requests.length = 0;
    const accountKey = bench.state.knownAccountKey(old.fingerprint, "ana");
    const watched = bench.client();
    expect(await bench.code(watched.client.connect())).toBe("fine");
    const { fingerprint } = bench.server.identity;
    expect(bench.asked()).toEqual(["login by device"]);
    expect(watched.last("moved")).toMatchObject({ fingerprint, from: old.fingerprint });
    expect(bench.state.pin(PINNED_ADDRESS)?.fingerprint).toBe(fingerprint);
    expect(bench.state.knownAccountKey(fingerprint, "ana")).toBe(accountKey);
    const again = bench.client();
    expect(await bench.code(again.client.connect())).toBe("fine");
    expect(again.kinds()).not.toContain("moved");
  });

  test.each<[string, (formers: FormerKey[]) => FormerKey[]]>([
    ["a link is missing", ([first, , ...rest]) => (first === undefined ? [] : [first, ...rest])],
    ["another key signed", (formers) => formers.map(({ key }) => forged(key))],
    ["nothing is shown", () => []],
  ])("refused when %s", async (_, mend) => {
    const { bench, old } = await after(3, mend);
    expect(await bench.code(bench.client().client.connect())).toBe("fingerprint-changed");
    expect(bench.state.pin(PINNED_ADDRESS)?.fingerprint).toBe(old.fingerprint);
  });

  test("an old invite still leads there", async () => {
    const { bench, old } = await after(2);
    const { fingerprint } = old;
    expect(await bench.code(bench.client({ fingerprint, strict: true }).client.connect())).toBe(
      "fine",
    );
  });
});

function forged(key: Uint8Array): FormerKey {
  return { key, signature: new Uint8Array(64).fill(1) };
}
