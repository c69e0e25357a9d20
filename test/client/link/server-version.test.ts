import { expect, test } from "bun:test";
import {
  clusterVersion,
  serverVersion,
  unsupported,
  unsupportedRecord,
} from "../../../src/client/link/server-version.ts";
import type { NoticeOf } from "../../../src/wire/messages.ts";
import { plantVersion } from "../../plant.ts";

plantVersion();

const welcomeWith = (fields: Partial<NoticeOf<"welcome">>) => fields as NoticeOf<"welcome">;

test("reads the version of older, present and later servers", () => {
  expect(serverVersion(welcomeWith({}))).toBe("0.4.0");
  expect(serverVersion(welcomeWith({ knows: "0.4.0" }))).toBe("0.4.0");
  expect(serverVersion(welcomeWith({ knows: "0.5.0" }))).toBe("0.5.0");
  expect(serverVersion(welcomeWith({ knows: "9.0.0" }))).toBe("0.5.0");
  expect(clusterVersion(welcomeWith({ knows: "0.5.0" }))).toBe("0.5.0");
  expect(clusterVersion(welcomeWith({ knows: "0.5.0", clusterKnows: "0.4.0" }))).toBe("0.4.0");
});

test("refuses what an older server lacks or would ignore, unless nobody asked for it", () => {
  for (const version of ["0.4.0", "0.5.0"] as const) {
    const expected = version === "0.4.0" ? "kind-unknown" : undefined;
    expect(unsupported(version, "vote", { seq: 1, choices: [1] })?.code).toBe(expected);
    expect(unsupported(version, "join", { room: "a", assignment: true })?.code).toBe(expected);
    const inThread = { body: { text: "hi", thread: true, re: 3 } };
    expect(unsupported(version, "post", inThread)?.code).toBe(expected);
    expect(unsupportedRecord(version, "poll")?.code).toBe(expected);
    expect(unsupported(version, "join", { room: "a" })).toBeUndefined();
    expect(unsupported(version, "history", { re: 1 })).toBeUndefined();
    expect(unsupportedRecord(version, "topic")).toBeUndefined();
  }
});
