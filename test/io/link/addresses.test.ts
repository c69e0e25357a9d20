import { expect, test } from "bun:test";
import {
  alternateFamilies,
  connectInTurn,
  resolveAddresses,
  resolves,
} from "../../../src/io/link/addresses.ts";
import { rejection } from "../../rejection.ts";

test("each address gets an equal share of the remaining time", async () => {
  const shares: [string, number][] = [];
  const connect = async (address: string, shareMs: number) => {
    shares.push([address, shareMs]);
    if (address !== "c") throw new Error(address);
    return address;
  };
  expect(await connectInTurn(["a", "b", "c", "d"], 60_000, connect)).toBe("c");
  expect(shares.map(([address]) => address)).toEqual(["a", "b", "c"]);
  for (const [i, [, shareMs]] of shares.entries()) {
    expect(shareMs).toBeWithin(0, 60_001 / (4 - i));
  }
});

test("the failure of the last address is reported", async () => {
  const connect = async (address: string) => {
    throw new Error(address);
  };
  expect(await rejection(connectInTurn(["a", "b"], 60_000, connect))).toMatchObject({
    message: "b",
  });
});

test("addresses alternate between the families", () => {
  const found = ["::1", "::2", "::3", "127.0.0.1", "127.0.0.2"].map((address) => ({
    address,
    family: address.includes(":") ? 6 : 4,
  }));
  const expected = ["::1", "127.0.0.1", "::2", "127.0.0.2", "::3"];
  expect(alternateFamilies(found)).toEqual(expected);
  expect(alternateFamilies([])).toEqual([]);
});

test("an address is returned as it is", async () => {
  expect(await resolveAddresses("fd00::7")).toEqual(["fd00::7"]);
  expect(await resolves("127.0.0.1")).toBe(true);
});

test("localhost and names below it are this machine, also without /etc/hosts", async () => {
  expect(await resolveAddresses("no-such-name.localhost")).toContain("127.0.0.1");
  expect(await rejection(resolveAddresses("localhost.invalid"))).toMatchObject({
    code: "ENOTFOUND",
  });
});
