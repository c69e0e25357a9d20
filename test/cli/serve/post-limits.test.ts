import { expect, test } from "bun:test";
import { postLimits } from "../../../src/cli/serve/folder.ts";

test("a rate of posts also sets the burst, of at least one post", () => {
  expect(postLimits(undefined)).toEqual({});
  expect(postLimits(2)).toEqual({ postsPerSecond: 2, postsBurst: 10 });
  expect(postLimits(0.1)).toEqual({ postsPerSecond: 0.1, postsBurst: 1 });
});
