import { expect, test } from "bun:test";
import { serverVersion, unsupported } from "../../../src/client/link/server-version.ts";
import type { NoticeOf, RequestFields, RequestKind } from "../../../src/wire/messages.ts";
import { REQUEST_FIELDS_SINCE, REQUESTS_SINCE } from "../../../src/wire/since.ts";

const welcomeWith = (fields: Partial<NoticeOf<"welcome">>) => fields as NoticeOf<"welcome">;

test("reads the version of released, unreleased, present and later servers", () => {
  expect(serverVersion(welcomeWith({}))).toBe("0.2.0");
  expect(serverVersion(welcomeWith({ early: true }))).toBe("0.3.0");
  expect(serverVersion(welcomeWith({ knows: "0.2.0", early: true }))).toBe("0.2.0");
  expect(serverVersion(welcomeWith({ knows: "9.0.0" }))).toBe("0.3.0");
});

const codeOf = (kind: string, fields: object, version: "0.2.0" | "0.3.0" = "0.2.0") =>
  unsupported(version, kind as RequestKind, fields as RequestFields<RequestKind>)?.code;

test("refuses each new request on an old server, and none on a new one", () => {
  for (const kind of Object.keys(REQUESTS_SINCE)) {
    expect([kind, codeOf(kind, {})]).toEqual([kind, "kind-unknown"]);
    expect([kind, codeOf(kind, {}, "0.3.0")]).toEqual([kind, undefined]);
  }
});

/** Fields that programs add by themselves. A user misses nothing if a server ignores them. */
const IGNORED = new Set([
  ...["erase.also", "offer.details", "offer.preview", "offer.keep", "finish.preview"],
  ...[
    "fetch.prefix",
    "accounts.memberships",
    "all-rooms.former",
    "reset.code",
    "all-files.unfinished",
    "key-package.except",
  ],
  ...["key-packages.time", "key-package.time", "history.re"],
  ...["checkpoint.accounts", "checkpoint.own", "checkpoint.person"],
]);

test("refuses what an old server would ignore, unless nobody asked for it", () => {
  for (const [kind, fields] of Object.entries(REQUEST_FIELDS_SINCE)) {
    for (const name of Object.keys(fields)) {
      const refusal = codeOf(kind, { [name]: "x" });
      const isIgnored = IGNORED.has(`${kind}.${name}`);
      expect([kind, name, refusal]).toEqual([kind, name, isIgnored ? undefined : "kind-unknown"]);
    }
  }
  expect(codeOf("prefs-set", { room: "everywhere", muted: 0 })).toBe("kind-unknown");
  expect(
    codeOf("prefs-set", { room: "rLLLLLLLLLLL", muted: 0, notify: undefined }),
  ).toBeUndefined();
  expect(codeOf("post", { body: { text: "hi", notice: true } })).toBe("kind-unknown");
  expect(codeOf("post", { body: { text: "hi", thread: true, re: 3 } })).toBe("kind-unknown");
  expect(codeOf("post", { body: { text: "hi", everyone: "room" } })).toBeUndefined();
});
