import { describe, expect, test } from "bun:test";
import { toBase64Url, utf8Encode } from "../../../src/base/bytes.ts";
import {
  judgeOwnRecords,
  type OwnRecords,
  type OwnVerdict,
} from "../../../src/core/client/own-account.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { type AccountRow, FakeAccounts } from "./fake-accounts.ts";

const ANA = "uAAAAAAAAAAA";
const BEN = "uBBBBBBBBBBB";
const OLGA = "uOOOOOOOOOOO";
const DEVICE = new Uint8Array(32).fill(1);
const OTHER = new Uint8Array(32).fill(2);
const own = { account: ANA, deviceKey: DEVICE };

const ROWS: readonly AccountRow[] = [
  [ANA, "password"],
  [ANA, "account"],
  [BEN, "account"],
  [ANA, "prefs"],
  [ANA, "reset", OLGA],
  [BEN, "device", BEN, { device: toBase64Url(OTHER) }],
  [ANA, "password"],
  [ANA, "device", ANA, { device: toBase64Url(DEVICE) }],
  [ANA, "device", ANA, { device: toBase64Url(OTHER) }],
  [ANA, "irc-password", OLGA],
  [ANA, "account-name", OLGA],
  [ANA, "password"],
];
const LAST = 10;
const log = new FakeAccounts(ROWS);

function judge(
  known: number,
  answer = log.prove(known, ANA),
  pin = log.pin,
): OwnVerdict | undefined {
  return judgeOwnRecords(own, known, answer, pin, sha256);
}

test("takes the newest record as the first one of a device, and reports nothing", () => {
  expect(judge(0)).toEqual({ n: LAST, isComplete: true, changes: [] });
  expect(judge(0, { n: 0, records: [] })).toEqual({ n: 0, isComplete: true, changes: [] });
});

test("reports what others did since the last proof, once", () => {
  const changes = [
    { what: "password-reset", atUnixMs: 4_000, by: "olga" },
    { what: "device-added", atUnixMs: 8_000, by: undefined },
    { what: "irc-password-added", atUnixMs: 9_000, by: "olga" },
    { what: "renamed", atUnixMs: 10_000, by: "olga" },
    { what: "password-changed", atUnixMs: 11_000, by: undefined },
  ] as const;
  expect(judge(2)).toEqual({ n: LAST, isComplete: true, changes });
  expect(judge(LAST)).toEqual({ n: LAST, isComplete: true, changes: [] });
  const second = new FakeAccounts([...ROWS, [ANA, "account", OLGA]]);
  expect(judge(LAST, second.prove(LAST, ANA), second.pin)?.changes).toEqual([
    { what: "key-replaced", atUnixMs: 12_000, by: "olga" },
  ]);
});

test("accepts pages", () => {
  const { n, records } = log.prove(3, ANA);
  const page = judge(3, { n, records: records.slice(0, 2) });
  expect(page).toMatchObject({ n: 5, isComplete: false });
  expect(judge(5)).toMatchObject({ n: LAST, isComplete: true });
});

test("a device whose key is withheld counts as another one", () => {
  const { n, records } = log.prove(5, ANA);
  const hidden = records.map(({ body: _, ...record }) => record);
  expect(judge(5, { n, records: hidden })?.changes.map(({ what }) => what)).toContain(
    "device-added",
  );
  expect(judge(5)?.changes.filter(({ what }) => what === "device-added")).toHaveLength(1);
});

type OneRecord = OwnRecords["records"][number];
type Tampering = readonly [string, number, (answer: OwnRecords) => OwnRecords];

const withRecords = (
  change: (records: OwnRecords["records"]) => OwnRecords["records"],
): Tampering[2] => {
  return ({ n, records }) => ({ n, records: change([...records]) });
};
const withHead = (at: number, change: (head: string) => string): Tampering[2] =>
  withRecords((records) => {
    const record = records[at] as OwnRecords["records"][number];
    const head = utf8Encode(change(new TextDecoder().decode(record.head)));
    return records.with(at, { ...record, head });
  });
const foreign = log.prove(0, BEN).records[0] as OwnRecords["records"][number];

const TAMPERINGS: readonly Tampering[] = [
  ["nothing is proved", 2, withRecords(() => [])],
  ["the first record is left out", 2, withRecords((records) => records.slice(1))],
  ["a record in the middle is left out", 2, withRecords((records) => records.toSpliced(2, 1))],
  [
    "a record is repeated",
    2,
    withRecords((records) => records.toSpliced(1, 0, records[1] as OneRecord)),
  ],
  [
    "records are swapped",
    2,
    withRecords((records) => [records[1], records[0], ...records.slice(2)] as OneRecord[]),
  ],
  ["the order is reversed", 2, withRecords((records) => records.toReversed())],
  ["another account's record is first", 2, withRecords((records) => [foreign, ...records])],
  ["another account's record replaces one", 2, withRecords((records) => records.with(0, foreign))],
  ["another account's proof", 1, () => log.prove(1, BEN)],
  [
    "an older record instead of the newest one",
    0,
    () => ({ n: LAST, records: log.prove(4, ANA).records.slice(0, 1) }),
  ],
  ["several records for a new device", 0, () => log.prove(4, ANA)],
  ["no record for a new device", 0, () => ({ n: LAST, records: [] })],
  ["fewer records than before", LAST, () => ({ n: LAST - 1, records: [] })],
  ["more records than are claimed", 2, ({ records }) => ({ n: LAST - 3, records })],
  ["more records are claimed, and none proved", LAST, () => ({ n: LAST + 1, records: [] })],
  ["an earlier time", 2, withHead(0, (head) => head.replace('"time":3000', '"time":2999'))],
  ["another kind", 3, withHead(0, (head) => head.replace('"reset"', '"prefs"'))],
  ["another author", 3, withHead(0, (head) => head.replace(OLGA, ANA))],
  ["another number in the log", 2, withHead(1, (head) => head.replace('"seq":5', '"seq":7'))],
  ["another number in the account", 2, withHead(1, (head) => head.replace('"n":4', '"n":5'))],
  ["another account", 2, withHead(1, (head) => head.replace(ANA, BEN))],
  ["no head", 2, withHead(0, () => "{}")],
  ["no JSON", 2, withHead(0, () => "x")],
  [
    "a path is too short",
    2,
    withRecords(([first, ...rest]) => [{ ...(first as OneRecord), path: [] }, ...rest]),
  ],
  [
    "a path of another record",
    2,
    withRecords((records) =>
      records.with(0, { ...(records[0] as OneRecord), path: records[1]?.path ?? [] }),
    ),
  ],
  [
    "a path has a changed hash",
    2,
    withRecords(([first, ...rest]) => [
      { ...(first as OneRecord), path: (first?.path ?? []).map((hash) => sha256(hash)) },
      ...rest,
    ]),
  ],
];

describe("rejects a tampered proof", () => {
  test.each(TAMPERINGS)("%s", (_, known, tamper) => {
    expect(judge(known)).toBeDefined();
    expect(judge(known, tamper(log.prove(known, ANA)))).toBeUndefined();
  });

  test("of another log", () => {
    const rewritten = new FakeAccounts(ROWS.with(3, [ANA, "prefs", ANA, { muted: 1 }]));
    expect(judge(2, rewritten.prove(2, ANA))).toBeUndefined();
    expect(judge(2, log.prove(2, ANA), rewritten.pin)).toBeUndefined();
    const cut = new FakeAccounts(ROWS.slice(0, -1));
    expect(judge(2, log.prove(2, ANA), cut.pin)).toBeUndefined();
  });
});
