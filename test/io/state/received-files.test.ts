import { expect, test } from "bun:test";
import { RECEIVED_FILES_MAX } from "../../../src/base/limits.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";

const ANA = { fingerprint: "f", user: "Ana" };
const BOB = { fingerprint: "f", user: "bob" };

test("never decreases the position of an account", () => {
  const { receivedFiles } = ClientState.inMemory();
  expect(receivedFiles.position(ANA)).toBe(0);
  receivedFiles.advance(ANA, 7);
  receivedFiles.advance(ANA, 5);
  expect(receivedFiles.position({ ...ANA, user: "ana" })).toBe(7);
  expect(receivedFiles.position(BOB)).toBe(0);
});

test("knows received files by account and server", () => {
  const { receivedFiles } = ClientState.inMemory();
  receivedFiles.add(ANA, "f1");
  receivedFiles.add(ANA, "f1");
  expect(receivedFiles.has(ANA, "f1")).toBe(true);
  expect(receivedFiles.has(BOB, "f1")).toBe(false);
  expect(receivedFiles.has({ ...ANA, fingerprint: "g" }, "f1")).toBe(false);
});

test("removes the oldest beyond RECEIVED_FILES_MAX", () => {
  const { receivedFiles } = ClientState.inMemory();
  for (let i = 0; i <= RECEIVED_FILES_MAX; i++) receivedFiles.add(ANA, `f${i}`);
  expect(receivedFiles.has(ANA, "f0")).toBe(false);
  expect(receivedFiles.has(ANA, "f1")).toBe(true);
  expect(receivedFiles.has(ANA, `f${RECEIVED_FILES_MAX}`)).toBe(true);
});
