import { describe, expect, spyOn, test } from "bun:test";
import type { Fault } from "../../src/base/fault.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { type FormerKey, makeSuccession } from "../../src/crypto/succession.ts";
import { ClientFixture, connected, PINNED_ADDRESS } from "./client-fixture.ts";

describe("trust", () => {
  test("stops on another identity before sending a secret", async () => {
    const { fixture } = await connected();
    const old = fixture.server.identity.fingerprint;
    fixture.server.identity = Identity.generate();
    fixture.server.requests.length = 0;
    const fault = await fixture.outcome(fixture.client().client.connect());
    expect(fault).toMatchObject({ code: "fingerprint-changed", exitCode: 6 });
    expect((fault as Fault).message).toContain(old);
    expect((fault as Fault).remedy).toContain(`chat trust accept ${PINNED_ADDRESS}`);
    expect((fault as Fault).message).toContain(fixture.server.identity.fingerprint);
    expect(fixture.server.requests).toEqual([]);
    expect(fixture.state.pin(PINNED_ADDRESS)?.fingerprint).toBe(old);
  });

  test("reports nothing if another process pins the server at the same time", async () => {
    const { fixture } = await connected();
    const watched = fixture.client();
    const pin = spyOn(fixture.state, "pin").mockReturnValueOnce(undefined);
    expect(await fixture.code(watched.client.connect())).toBe("fine");
    expect(pin).toHaveBeenCalled();
    expect(watched.last("pinned")).toBeUndefined();
  });

  test("waits for the known server while another one answers at its address", async () => {
    const { fixture, watched } = await connected();
    const known = fixture.server.identity;
    fixture.server.identity = Identity.generate();
    fixture.network.cut();
    await fixture.clock.advance(5_000);
    const logIns = () => fixture.server.requests.filter(({ kind }) => kind === "login").length;
    expect(watched.last("closed")).toBeUndefined();
    expect([watched.last("retrying")?.fault?.code, logIns()]).toEqual(["fingerprint-changed", 0]);
    fixture.server.identity = known;
    await fixture.clock.advance(60_000);
    expect(logIns()).toBe(1);
  });

  test("requires a given fingerprint to match, which suffices in strict mode", async () => {
    const fixture = new ClientFixture();
    const other = Identity.generate().fingerprint;
    expect(await fixture.code(fixture.client({ fingerprint: other }).client.connect())).toBe(
      "fingerprint-changed",
    );
    expect(await fixture.code(fixture.client({ strict: true }).client.connect())).toBe(
      "fingerprint-changed",
    );
    expect(fixture.server.requests).toEqual([]);
    const { fingerprint } = fixture.server.identity;
    expect(await fixture.code(fixture.client({ strict: true, fingerprint }).client.connect())).toBe(
      "fine",
    );
  });

  test.each(["proof", "certificate", "nonce"] as const)("rejects a forged %s", async (field) => {
    const fixture = new ClientFixture();
    fixture.server.misbehaviour.onWelcome = (welcome) => ({
      ...welcome,
      [field]: welcome[field].map((byte) => byte ^ 1),
    });
    expect(await fixture.code(fixture.client().client.connect())).toBe("fingerprint-changed");
    expect(fixture.server.requests).toEqual([]);
  });
});

describe("a server that changes its key", () => {
  async function after(changes: number, mend = (formers: FormerKey[]) => formers) {
    const fixture = new ClientFixture();
    const first = await fixture.connect();
    await fixture.outcome(first.client.close());
    const old = fixture.server.identity;
    const formers: FormerKey[] = [];
    for (let i = 0; i < changes; i++) {
      const next = Identity.generate();
      formers.unshift(makeSuccession(fixture.server.identity, next.publicKey));
      fixture.server.identity = next;
    }
    const predecessors = mend(formers);
    fixture.server.misbehaviour.onWelcome = (welcome) => ({ ...welcome, predecessors });
    return { fixture, old };
  }

  test.each([1, 2, 8])("%i times is still known, with all its stored data", async (changes) => {
    const { fixture, old } = await after(changes);
    fixture.server.requests.length = 0;
    const accountKey = fixture.state.knownAccountKey(old.fingerprint, "ana");
    const watched = fixture.client();
    expect(await fixture.code(watched.client.connect())).toBe("fine");
    const { fingerprint } = fixture.server.identity;
    expect(fixture.requests()).toEqual(["login by device"]);
    expect(watched.last("moved")).toMatchObject({ fingerprint, from: old.fingerprint });
    expect(fixture.state.pin(PINNED_ADDRESS)?.fingerprint).toBe(fingerprint);
    expect(fixture.state.knownAccountKey(fingerprint, "ana")).toBe(accountKey);
    const again = fixture.client();
    expect(await fixture.code(again.client.connect())).toBe("fine");
    expect(again.kinds()).not.toContain("moved");
  });

  test.each<[string, (formers: FormerKey[]) => FormerKey[]]>([
    [
      "a link is missing",
      ([first, , ...remaining]) => (first === undefined ? [] : [first, ...remaining]),
    ],
    ["another key signed", (formers) => formers.map(({ key }) => forged(key))],
    ["nothing is shown", () => []],
  ])("refused when %s", async (_, mend) => {
    const { fixture, old } = await after(3, mend);
    expect(await fixture.code(fixture.client().client.connect())).toBe("fingerprint-changed");
    expect(fixture.state.pin(PINNED_ADDRESS)?.fingerprint).toBe(old.fingerprint);
  });
});

function forged(key: Uint8Array): FormerKey {
  return { key, signature: new Uint8Array(64).fill(1) };
}
