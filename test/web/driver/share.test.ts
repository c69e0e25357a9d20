import { expect, test } from "bun:test";
import { shareTopic } from "../../../src/cli/share/topic.ts";
import { countIn } from "../../../src/web/driver/share.ts";

test("the page reads what chat share says of itself", () => {
  for (const count of [1, 2, 999_999]) {
    expect(countIn(shareTopic(count))).toBe(count);
    expect(countIn(shareTopic(count, "fAAAA" as Parameters<typeof shareTopic>[1]))).toBe(count);
  }
  expect(countIn("a text here")).toBe(1);
  for (const other of ["", "files here", "3 files", "3 files here and there", "x 3 files here"]) {
    expect(countIn(other)).toBeUndefined();
  }
});
