import { expect, test } from "bun:test";
import { otherAccounts, privateListArguments, sidText } from "../../../src/io/disk/access-list.ts";

const OWN = "S-1-5-21-1-2-3-1001";
const PRIVATE = `(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;${OWN})`;

test.each<[name: string, list: string, others: readonly string[]]>([
  ["what this program sets", `D:P${PRIVATE}`, []],
  ["what a profile has", `D:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;FA;;;${OWN})`, []],
  ["an app of the user", `D:PAI${PRIVATE}(A;OICI;0x1200a9;;;S-1-15-3-4096)`, []],
  ["the owner of each file", `D:${PRIVATE}(A;OICIIO;FA;;;CO)`, []],
  ["a refusal", `D:(D;;FA;;;BU)${PRIVATE}`, []],
  ["no entries at all", "D:P", []],
  [
    "a folder below the root of the disk",
    "D:AI(A;OICIID;FA;;;BA)(A;OICIID;0x1200a9;;;BU)(A;ID;0x1301bf;;;AU)(A;OICIIOID;GR;;;AU)",
    ["S-1-5-32-545", "S-1-5-11"],
  ],
  ["everyone", `D:${PRIVATE}(A;OICI;0x1200a9;;;WD)`, ["S-1-1-0"]],
  ["another account", `D:${PRIVATE}(A;;FR;;;S-1-5-21-1-2-3-1002)`, ["S-1-5-21-1-2-3-1002"]],
  ["a condition", `D:${PRIVATE}(XA;;FR;;;AU;(WIN://A == 1))`, ["S-1-5-11"]],
  ["an alias without a known SID", `D:${PRIVATE}(A;;FR;;;DU)`, ["DU"]],
  ["a disk without lists", "D:NO_ACCESS_CONTROL", ["S-1-1-0"]],
  ["no list", "", ["S-1-1-0"]],
  ["no list, but an owner", `O:${OWN}`, ["S-1-1-0"]],
  ["a private list of its owner", `O:${OWN}D:P${PRIVATE}`, []],
  ["a private list that an administrator made", `O:BAD:P${PRIVATE}`, []],
  [
    "a private list that another account may change",
    `O:S-1-5-21-1-2-3-1002D:P${PRIVATE}`,
    ["S-1-5-21-1-2-3-1002"],
  ],
  ["a group as the owner", `O:DUD:P${PRIVATE}`, ["DU"]],
  ["everyone as the owner", `O:WDD:P${PRIVATE}`, ["S-1-1-0"]],
])("names the other accounts that can read: %s", (_name, list, others) => {
  expect(otherAccounts(list, OWN)).toEqual(others);
});

test("the arguments of icacls remove other accounts, also inherited ones", () => {
  expect(privateListArguments(OWN, ["S-1-1-0"])).toEqual([
    ...["/inheritance:r", "/remove:g", "*S-1-1-0", "/grant:r"],
    ...["*S-1-5-18:(OI)(CI)F", "*S-1-5-32-544:(OI)(CI)F", `*${OWN}:(OI)(CI)F`],
  ]);
  expect(privateListArguments(OWN, [])).not.toContain("/remove:g");
});

test("reads the binary form of a SID", () => {
  const bytes = Uint8Array.fromHex("010500000000000515000000010000000200000003000000e9030000");
  expect(sidText(bytes)).toBe("S-1-5-21-1-2-3-1001");
  expect(sidText(Uint8Array.fromHex("010100000000000512000000"))).toBe("S-1-5-18");
});
