import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { toBase64Url, utf8Decode, utf8Encode } from "../../../src/base/bytes.ts";
import {
  applyPersonRecords,
  hasNewKey,
  isPersonPin,
  isUnderNewKey,
  judgePersonPage,
  type KnownPerson,
  keyViews,
  PERSON_KEYS_MAX,
  type PersonPage,
  type PersonPin,
  type PersonRecords,
  withAccepted,
} from "../../../src/core/client/person-keys.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { type AccountRow, FakeAccounts } from "./fake-accounts.ts";

const BEN = "uBBBBBBBBBBB";
const EVE = "uEEEEEEEEEEE";
const OLGA = "uOOOOOOOOOOO";
const keyOf = (n: number) => toBase64Url(new Uint8Array(32).fill(n));
const [BEN_KEY, EVE_KEY, PHONE, LAPTOP] = [keyOf(1), keyOf(2), keyOf(3), keyOf(4)];

const ROWS: readonly AccountRow[] = [
  [BEN, "password"],
  [BEN, "account", BEN, { name: "Ben", accountKey: BEN_KEY, device: PHONE }],
  [EVE, "account", EVE, { name: "eve", accountKey: EVE_KEY, device: keyOf(9) }],
  [BEN, "prefs", BEN, { muted: 1 }],
  [BEN, "ignore", BEN, { user: EVE, on: true }],
  [BEN, "device", BEN, { device: LAPTOP }],
  [BEN, "reset", OLGA, { hash: "x" }],
  [BEN, "device-gone", BEN, { device: PHONE }],
  [BEN, "prefs", BEN, { muted: 2 }],
];
const LAST = 7;
const log = new FakeAccounts(ROWS);
const renamed = new FakeAccounts([
  ...ROWS,
  [BEN, "account-name", OLGA, { name: "old-ben" }],
  [EVE, "account-name", OLGA, { name: "ben" }],
]);

function judge(known: KnownPerson, answer: PersonRecords, { pin } = log): PersonPage | undefined {
  return judgePersonPage(known, answer, pin, sha256);
}

function learn(
  accounts: FakeAccounts,
  account: string,
  pin?: PersonPin,
  user = "ben",
): PersonPin | undefined {
  const last = pin?.keys.at(-1);
  const { n = 0, size = 0 } = pin ?? {};
  const known = { account: last?.account ?? "", n, size };
  const from = known.account === account ? known.n : 0;
  const page = judge(known, accounts.provePerson(from, account), accounts);
  return page && applyPersonRecords(user, pin, page);
}

const NOBODY = { account: "", n: 0, size: 0 };
const pinned = learn(log, BEN) as PersonPin;

test("learns the key, the devices and since when", () => {
  expect(pinned).toEqual({
    user: "ben",
    keys: [{ account: BEN, key: BEN_KEY, sinceUnixMs: 1_000 }],
    trusted: 0,
    n: LAST,
    size: ROWS.length,
    devices: [LAPTOP],
  });
  expect(isPersonPin(JSON.parse(JSON.stringify(pinned)))).toBe(true);
  expect(hasNewKey(pinned)).toBe(false);
  expect(isUnderNewKey(pinned, BEN)).toBe(false);
  expect(learn(log, BEN, pinned)).toEqual(pinned);
});

test("needs neither the number nor the kind of other records", () => {
  const kinds = log.provePerson(0, BEN).records.map(({ head }) => utf8Decode(head));
  expect(kinds.join("")).not.toMatch(/prefs|ignore|reset|password/);
});

test("marks an account that takes the name, until its key is accepted", () => {
  const changed = learn(renamed, EVE, pinned) as PersonPin;
  const keys = [...pinned.keys, { account: EVE, key: EVE_KEY, sinceUnixMs: 10_000 }];
  expect(changed).toEqual({ user: "ben", keys, trusted: 0, n: 2, size: 11, devices: [keyOf(9)] });
  expect(hasNewKey(changed)).toBe(true);
  expect([BEN, EVE, OLGA].map((by) => isUnderNewKey(changed, by))).toEqual([false, true, true]);
  expect(isUnderNewKey(pinned, EVE)).toBe(true);
  const accepted = withAccepted(changed, undefined);
  expect([BEN, EVE].map((by) => isUnderNewKey(accepted, by))).toEqual([true, false]);
  expect(withAccepted(accepted, BEN_KEY).trusted).toBe(0);
  expect(withAccepted(changed, keyOf(77))).toBe(changed);
  expect(keyViews(changed, sha256).map(({ sinceUnixMs }) => sinceUnixMs)).toEqual([1_000, 10_000]);
  // The name returns.
  const back = new FakeAccounts([
    ...ROWS,
    [BEN, "account-name", OLGA, { name: "old-ben" }],
    [EVE, "account-name", OLGA, { name: "ben" }],
    [EVE, "account-name", OLGA, { name: "eve" }],
    [BEN, "account-name", OLGA, { name: "ben" }],
  ]);
  const returned = learn(back, BEN, changed) as PersonPin;
  expect(returned.keys.map(({ account }) => account)).toEqual([BEN, EVE, BEN]);
  expect(hasNewKey(returned)).toBe(false);
});

test("marks another key of the same account, as another log may contain", () => {
  const forged = new FakeAccounts(
    ROWS.with(1, [BEN, "account", BEN, { name: "ben", accountKey: EVE_KEY, device: PHONE }]),
  );
  const changed = learn(forged, BEN, { ...pinned, n: 0 }) as PersonPin;
  expect(changed.keys.map(({ key }) => key)).toEqual([BEN_KEY, EVE_KEY]);
  expect([BEN, EVE].map((by) => isUnderNewKey(changed, by))).toEqual([true, true]);
  const second = new FakeAccounts([...ROWS, [BEN, "account", OLGA, { accountKey: EVE_KEY }]]);
  expect(hasNewKey(learn(second, BEN, pinned) as PersonPin)).toBe(true);
  expect(hasNewKey(learn(log, BEN, { ...pinned, n: 0 }) as PersonPin)).toBe(false);
});

test("keeps the key that an encrypted room has pinned", () => {
  const pinOf = (key: string): PersonPin => {
    return { user: "ben", keys: [{ account: "", key }], trusted: 0, n: 0, size: 0, devices: [] };
  };
  expect(learn(log, BEN, pinOf(BEN_KEY))).toEqual(pinned);
  const changed = learn(log, BEN, pinOf(EVE_KEY)) as PersonPin;
  expect(hasNewKey(changed)).toBe(true);
  expect([BEN, EVE].map((by) => isUnderNewKey(changed, by))).toEqual([true, false]);
});

test("refuses an account that never had the name, and ignores a removed one's devices", () => {
  expect(learn(log, EVE)).toBeUndefined();
  expect(learn(renamed, BEN, undefined, "OLD-ben")).toMatchObject({ n: 9 });
  const gone = new FakeAccounts([...ROWS, [BEN, "account-gone", OLGA]]);
  expect(learn(gone, BEN, pinned)).toMatchObject({ n: 9, devices: [] });
});

test("an account whose key is withheld has a new one", () => {
  const { records, ...answer } = log.provePerson(0, BEN);
  const hidden = records.map(({ body: _, salt: __, ...record }) => record);
  const page = judge(NOBODY, { ...answer, records: hidden }) as PersonPage;
  expect(applyPersonRecords("ben", undefined, page)).toBeUndefined();
  const known = { ...pinned, n: 0 };
  expect(applyPersonRecords("ben", known, page)).toBeUndefined();
});

test("bounds the list of keys, and keeps the accepted one", () => {
  let pin = pinned;
  for (let n = 0; n < 3 * PERSON_KEYS_MAX; n++) {
    const account = `u${n}`;
    const row: AccountRow = [account, "account", account, { name: "ben", accountKey: keyOf(n) }];
    pin = learn(new FakeAccounts([row]), account, pin) as PersonPin;
    expect(pin.keys.length).toBeLessThanOrEqual(PERSON_KEYS_MAX);
  }
  expect(pin.keys[pin.trusted]).toEqual(pinned.keys[0] as never);
  expect(pin.keys.at(-1)?.account).toBe(`u${3 * PERSON_KEYS_MAX - 1}`);
  expect(hasNewKey(pin)).toBe(true);
});

test("learns the same from any pages", () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 40 }), (max, extra) => {
      const rows = Array.from({ length: extra }, (_, i): AccountRow => {
        const device = keyOf(20 + (i % 7));
        return i % 3 === 0
          ? [BEN, "prefs"]
          : [BEN, i % 2 ? "device" : "device-gone", BEN, { device }];
      });
      const accounts = new FakeAccounts([...ROWS, ...rows]);
      let known: KnownPerson = NOBODY;
      const records = [];
      for (;;) {
        const answer = accounts.provePerson(known.n, BEN, max);
        const page = judgePersonPage(known, answer, accounts.pin, sha256);
        if (page === undefined) throw new Error("a page is refused");
        records.push(...page.records);
        known = { ...page, size: 0 };
        if (!page.isComplete) continue;
        const pin = applyPersonRecords("ben", undefined, { ...page, records });
        return expect(pin).toEqual(learn(accounts, BEN) as PersonPin);
      }
    }),
  ));

type OneRecord = PersonRecords["records"][number];
type Tampering = readonly [string, number, (answer: PersonRecords) => PersonRecords];

const withRecords = (change: (records: OneRecord[]) => OneRecord[]): Tampering[2] => {
  return ({ records, ...rest }) => ({ ...rest, records: change([...records]) });
};
const withHead = (at: number, change: (head: string) => string): Tampering[2] =>
  withRecords((records) => {
    const record = records[at] as OneRecord;
    return records.with(at, { ...record, head: utf8Encode(change(utf8Decode(record.head))) });
  });
const privateRecord = log.prove(2, BEN).records[0] as OneRecord;

const TAMPERINGS: readonly Tampering[] = [
  ["nothing is proved", 0, withRecords(() => [])],
  ["nothing new is proved", 2, withRecords(() => [])],
  ["the account is left out", 0, withRecords((records) => records.slice(1))],
  ["a record is repeated", 0, withRecords(([a, b, c]) => [a, b, b, c] as OneRecord[])],
  ["records are swapped", 2, withRecords((records) => records.toReversed())],
  ["a known record is repeated", 2, () => log.provePerson(0, BEN)],
  [
    "another account's record",
    2,
    withRecords((records) => [...log.provePerson(0, EVE).records, ...records]),
  ],
  [
    "another account's proof",
    0,
    (answer) => ({ ...answer, records: log.provePerson(0, EVE).records }),
  ],
  ["another account's name", 0, (answer) => ({ ...answer, account: EVE })],
  ["a private record", 2, withRecords((records) => [privateRecord, ...records])],
  ["fewer records than before", LAST, () => ({ account: BEN, n: 5, records: [] })],
  ["no records any more", LAST, () => ({ account: BEN, n: 0, records: [] })],
  ["more records are claimed, and none proved", LAST, () => ({ account: BEN, n: 9, records: [] })],
  ["more records than are claimed", 0, (answer) => ({ ...answer, n: 5 })],
  ["an earlier time", 0, withHead(0, (head) => head.replace('"time":1000', '"time":999'))],
  ["another kind", 2, withHead(1, (head) => head.replace('"device-gone"', '"device"'))],
  ["another number", 2, withHead(0, (head) => head.replace('"n":5', '"n":6'))],
  ["no head", 0, withHead(0, () => "{}")],
  ["no JSON", 0, withHead(0, () => "x")],
  [
    "a body that its head does not commit to",
    2,
    withRecords(([a, b]) => [{ ...a, body: b?.body }, b] as OneRecord[]),
  ],
  [
    "a path of another record",
    2,
    withRecords(([a, b]) => [{ ...a, path: b?.path }, b] as OneRecord[]),
  ],
  ["a short path", 2, withRecords(([a, b]) => [{ ...a, path: [] }, b] as OneRecord[])],
];

describe("rejects a tampered proof", () => {
  test.each(TAMPERINGS)("%s", (_, n, tamper) => {
    const known = { account: BEN, n, size: n };
    expect(judge(known, log.provePerson(n, BEN))).toBeDefined();
    expect(judge(known, tamper(log.provePerson(n, BEN)))).toBeUndefined();
  });

  test("that was withheld before", () => {
    const { pin } = log;
    const known = { account: BEN, n: 2, size: pin.size };
    expect(judge(known, log.provePerson(2, BEN))).toBeUndefined();
    const later = new FakeAccounts([...ROWS, [BEN, "device", BEN, { device: PHONE }]]);
    const all = { account: BEN, n: LAST, size: pin.size };
    expect(judge(all, later.provePerson(LAST, BEN), later)).toMatchObject({ n: 9, size: 10 });
  });

  test("of another log", () => {
    const answer = log.provePerson(0, BEN);
    expect(judge(NOBODY, answer, renamed)).toBeUndefined();
    expect(judge(NOBODY, renamed.provePerson(0, BEN))).toBeUndefined();
  });

  test("with any changed byte", () =>
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, at, bits) => {
        const answer = log.provePerson(0, BEN);
        const index = which % answer.records.length;
        const record = answer.records[index] as OneRecord;
        const head = Uint8Array.from(record.head);
        const place = at % head.length;
        head[place] = (head[place] ?? 0) ^ bits;
        const records = answer.records.with(index, { ...record, head });
        expect(judge(NOBODY, { ...answer, records })).toBeUndefined();
      }),
    ));
});

test("stored values of another shape are no pins", () => {
  for (const value of [
    undefined,
    null,
    {},
    { ...pinned, keys: [] },
    { ...pinned, trusted: 1 },
    { ...pinned, n: -1 },
    { ...pinned, size: undefined },
    { ...pinned, devices: [1] },
    { ...pinned, keys: [{ account: 1 }] },
  ]) {
    expect(isPersonPin(value)).toBe(false);
  }
});
