import { describe, expect, test } from "bun:test";
import { POST_BYTES, POST_LINES } from "../../../src/base/limits.ts";
import { postCount } from "../../../src/core/rooms/engine.ts";
import type { Request } from "../../../src/wire/messages.ts";

const bytes = (size: number) => new Uint8Array(size);
const countOf = (request: object) => postCount({ ref: 1, ...request } as unknown as Request);

describe("number of posts of a request", () => {
  const sealed = (size: number) => ({
    kind: "post",
    body: { text: "", sealed: { epoch: 1, ciphertext: bytes(size) } },
  });

  /** Each takes six bytes in JSON, `{"text":""}` eleven. */
  const controls = (more: number) => "\u0001".repeat(Math.floor((POST_BYTES - 11) / 6) + more);

  test.each([
    ["a short text", { kind: "post", body: { text: "hi" } }, 1],
    ["an empty text", { kind: "post", body: { text: "" } }, 1],
    ["a text at the edge", { kind: "post", body: { text: "x".repeat(POST_BYTES - 11) } }, 1],
    ["a text beyond it", { kind: "post", body: { text: "x".repeat(POST_BYTES - 10) } }, 2],
    ["control characters", { kind: "post", body: { text: "\u0001".repeat(POST_BYTES) } }, 7],
    ["control characters at the edge", { kind: "post", body: { text: controls(0) } }, 1],
    ["control characters beyond it", { kind: "post", body: { text: controls(1) } }, 2],
    ["an edit of them", { kind: "edit", seq: 1, text: "\u0001".repeat(POST_BYTES) }, 7],
    [
      "long mentions",
      { kind: "post", body: { text: "", mentions: Array(64).fill("\u0001".repeat(64)) } },
      4,
    ],
    ["lines at the edge", { kind: "post", body: { text: "\n".repeat(POST_LINES - 1) } }, 1],
    ["lines beyond it", { kind: "post", body: { text: "\n".repeat(POST_LINES) } }, 2],
    ["an edit of many lines", { kind: "edit", seq: 1, text: "\n".repeat(3 * POST_LINES) }, 4],
    ["a short ciphertext", sealed(512), 1],
    ["a long ciphertext", sealed(10 * POST_BYTES), 10],
    ["an edit", { kind: "edit", seq: 1, text: "x".repeat(3 * POST_BYTES - 2) }, 3],
    ["a new group", { kind: "group-create", info: bytes(2 * POST_BYTES) }, 2],
    [
      "a commit with a welcome",
      {
        kind: "group-commit",
        commit: bytes(POST_BYTES),
        welcome: bytes(POST_BYTES),
        info: bytes(POST_BYTES),
      },
      3,
    ],
    ["a commit alone", { kind: "group-commit", commit: bytes(10), info: bytes(10) }, 1],
    ["key packages", { kind: "key-packages", packages: [bytes(POST_BYTES), bytes(1)] }, 2],
    ["the question for key packages", { kind: "key-packages", packages: [] }, 0],
    ["a pin", { kind: "pin", seq: 1, on: true }, 1],
    ["a question", { kind: "history", limit: 1 }, 0],
  ])("%s", (_, request, posts) => expect(countOf(request)).toBe(posts));
});
