import { describe, expect, test } from "bun:test";
import { PeopleKeys } from "../../src/client/people.ts";
import { hasNewKey, type PersonPin } from "../../src/core/client/person-keys.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import type { LogReader } from "../../src/io/state/log-pins.ts";
import { MemoryStore } from "../../src/web/browser/indexed-db.ts";
import { BrowserLogPins } from "../../src/web/browser/log-pins.ts";

const READER = {
  fingerprint: "f",
  formers: [],
  user: "ana",
  account: "uA",
} as unknown as LogReader;

function pinOf(keys: readonly string[], size: number, trusted = 0): PersonPin {
  const rows = keys.map((key) => ({ account: `u${key}`, key }));
  return { user: "ben", keys: rows, trusted, n: 1, size, devices: [] };
}

/** Two windows of one home, each with its own copy of the pins. */
function windows(stored: PersonPin) {
  using stack = new DisposableStack();
  const state = stack.use(ClientState.inMemory());
  state.logPins.storePerson(READER, stored);
  const proofs: PromiseWithResolvers<PersonPin>[] = [];
  const open = () => {
    const prove = () => {
      const proof = Promise.withResolvers<PersonPin>();
      proofs.push(proof);
      return proof.promise;
    };
    const sealedKey = async () => undefined;
    const people = new PeopleKeys({ logs: state.logPins, prove, sealedKey, onChange: () => {} });
    people.connected(READER);
    return people;
  };
  const [one, two] = [open(), open()];
  const kept = () => state.logPins.people(READER)[0];
  const opened = stack.move();
  return { one, two, proofs, kept, [Symbol.dispose]: () => opened.dispose() };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

describe("a person's key", () => {
  test("stays accepted when another window proves it at the same time", async () => {
    using home = windows(pinOf(["a", "b"], 5));
    const checking = home.one.check("ben");
    await settle();
    await home.two.accepted("ben", undefined);
    home.proofs[0]?.resolve(pinOf(["a", "b"], 9));
    const checked = await checking;
    expect([checked?.trusted, home.kept()?.trusted, home.kept()?.size]).toEqual([1, 1, 9]);
  });

  test("that one window has found is accepted by another", async () => {
    using home = windows(pinOf(["a"], 5));
    const checking = home.one.check("ben");
    await settle();
    home.proofs[0]?.resolve(pinOf(["a", "b"], 9));
    await checking;
    await home.two.accepted("ben", "b");
    const kept = home.kept();
    expect(kept?.keys.map(({ key }) => key)).toEqual(["a", "b"]);
    expect(kept !== undefined && hasNewKey(kept)).toBe(false);
  });

  test("proved later replaces an earlier proof, whichever arrives first", async () => {
    using home = windows(pinOf(["a"], 5));
    const [early, late] = [home.one.check("ben"), home.two.check("ben")];
    await settle();
    home.proofs[1]?.resolve(pinOf(["a", "b"], 9));
    await late;
    home.proofs[0]?.resolve(pinOf(["a"], 7));
    await early;
    expect(home.kept()).toEqual(pinOf(["a", "b"], 9));
  });
});

describe("two tabs of one browser", () => {
  function tabs() {
    const store = new MemoryStore();
    let last: Promise<unknown> = Promise.resolve();
    const run = <Result>(_name: string, _waitMsMax: number, work: () => Promise<Result>) => {
      const result = last.then(work);
      last = result.catch(() => undefined);
      return result;
    };
    const open = () => new BrowserLogPins(store, { run });
    return [open(), open()] as const;
  }

  test("store the keys of people at the same time", async () => {
    const [one, two] = tabs();
    const cid = { ...pinOf(["c"], 5), user: "cid" };
    await Promise.all([one.storePerson(READER, pinOf(["a"], 5)), two.storePerson(READER, cid)]);
    expect((await one.people(READER)).map(({ user }) => user)).toEqual(["ben", "cid"]);
  });

  test("never replace a newer log state, record or confirmation by an older one", async () => {
    const [one, two] = tabs();
    const pin = (size: number) => ({ origin: "o", size, root: new Uint8Array(32), note: "" });
    const record = (seq: number) => {
      const leaf = new Uint8Array(32);
      return { seq, leaf, room: "r", place: "#r", from: "ben", timeUnixMs: 0 };
    };
    await Promise.all([
      one.storePin(READER, pin(9)),
      two.storePin(READER, pin(7)),
      one.storeConfirmed(READER, 9),
      two.storeConfirmed(READER, 7),
      one.storeRecords(READER, [record(1)]),
      two.storeRecords(READER, [record(2)]),
    ]);
    expect([(await one.pin(READER))?.size, await two.confirmed(READER)]).toEqual([9, 9]);
    expect((await two.storedRecords(READER, "all")).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test("an accepted key stays accepted when another tab proves it", async () => {
    const [one, two] = tabs();
    await one.storePerson(READER, pinOf(["a", "b"], 5));
    const proof = Promise.withResolvers<PersonPin>();
    const options = { sealedKey: async () => undefined, onChange: () => {} };
    const proving = new PeopleKeys({ ...options, logs: one, prove: () => proof.promise });
    const accepting = new PeopleKeys({ ...options, logs: two, prove: () => proof.promise });
    for (const people of [proving, accepting]) people.connected(READER);
    await settle();
    const checked = proving.check("ben");
    await settle();
    proof.resolve(pinOf(["a", "b"], 9));
    await Promise.all([checked, accepting.accepted("ben", undefined)]);
    expect((await one.people(READER))[0]).toMatchObject({ trusted: 1, size: 9 });
  });
});
