import { expect, test } from "bun:test";
import { mayReceive } from "../../../src/core/session/phase.ts";
import { NOTICES, type NoticeKind } from "../../../src/wire/messages.ts";

const PHASES = ["entering", "member", "lane", "greeting", "closed"] as const;
const notices = Object.keys(NOTICES) as NoticeKind[];

test("allows each notice in some phase, and none after closing", () => {
  for (const kind of notices) {
    const places = PHASES.flatMap((phase) => [
      mayReceive("client", phase, kind),
      mayReceive("server", phase, kind),
    ]);
    expect(places).toContain(true);
    expect(mayReceive("client", "closed", kind) || mayReceive("server", "closed", kind)).toBe(
      false,
    );
  }
});

test("accepts only the greeting before the greeting", () => {
  expect(notices.filter((kind) => mayReceive("server", "greeting", kind))).toEqual(["hello"]);
  expect(notices.filter((kind) => mayReceive("client", "greeting", kind))).toEqual([
    "welcome",
    "bye",
  ]);
});
