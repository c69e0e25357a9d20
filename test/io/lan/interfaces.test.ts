import { expect, test } from "bun:test";
import { interfaceAddresses } from "../../../src/io/lan/interfaces.ts";

test("are none when the system refuses to list them", () => {
  const refused = () => {
    throw new Error("uv_interface_addresses returned Unknown system error (EMFILE)");
  };
  expect(interfaceAddresses(refused)).toEqual([]);
  expect(interfaceAddresses(() => ({ lo: [], gone: undefined }))).toEqual([[]]);
});
