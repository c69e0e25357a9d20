import { toBase64Url, utf8Encode } from "../../../src/base/bytes.ts";
import type { AccountRecords } from "../../../src/core/client/account-records.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { type AccountRow, FakeAccounts } from "./fake-accounts.ts";

/** Kinds of tampering with the proof of the own account, and the records that they tamper with. */

export const ANA = "u-ana";
const BEN = "uBBBBBBBBBBB";
export const OLGA = "uOOOOOOOOOOO";
export const DEVICE = new Uint8Array(32).fill(1);
const OTHER = new Uint8Array(32).fill(2);

export const ROWS: readonly AccountRow[] = [
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
export const LAST = 10;
export const log = new FakeAccounts(ROWS);

type OneRecord = AccountRecords["records"][number];
export type Tampering = readonly [string, number, (answer: AccountRecords) => AccountRecords];

const withRecords = (
  change: (records: AccountRecords["records"]) => AccountRecords["records"],
): Tampering[2] => {
  return ({ n, records }) => ({ n, records: change([...records]) });
};
const withHead = (at: number, change: (head: string) => string): Tampering[2] =>
  withRecords((records) => {
    const record = records[at] as AccountRecords["records"][number];
    const head = utf8Encode(change(new TextDecoder().decode(record.head)));
    return records.with(at, { ...record, head });
  });
const foreign = log.prove(0, BEN).records[0] as AccountRecords["records"][number];

export const TAMPERINGS: readonly Tampering[] = [
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
