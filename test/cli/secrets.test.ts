import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContext } from "../../src/cli/context.ts";
import { makePassword, PASSWORD, readSecret } from "../../src/cli/secrets.ts";
import { type FakeOptions, fakeWorld, faultFrom } from "../commands/fake-world.ts";
import { unprivileged } from "../unprivileged.ts";

const folder = mkdtempSync(join(tmpdir(), "chat-secrets-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function contextOf(options: FakeOptions) {
  return createContext(fakeWorld(options), { json: false, color: false, debug: false });
}

test("a file goes before the environment, the environment before a question", async () => {
  const context = contextOf({ lines: ["typed"], terminal: true, env: { CHAT_PASSWORD: "env" } });
  expect(await readSecret(context, PASSWORD, file("a", "from file\n"), "Password")).toBe(
    "from file",
  );
  expect(await readSecret(context, PASSWORD, undefined, "Password")).toBe("env");
  const asked = contextOf({ lines: ["typed"], terminal: true });
  expect(await readSecret(asked, PASSWORD, undefined, "Password")).toBe("typed");
});

test("none is none: no terminal, no question, or an empty answer", async () => {
  expect(await readSecret(contextOf({ lines: ["x"] }), PASSWORD, undefined, "P")).toBeUndefined();
  const terminal = contextOf({ lines: [""], terminal: true });
  expect(await readSecret(terminal, PASSWORD, undefined)).toBeUndefined();
  expect(await readSecret(terminal, PASSWORD, undefined, "P")).toBeUndefined();
});

test("only the first line counts, without its end", async () => {
  const context = contextOf({ lines: ["first", "second"] });
  expect(await readSecret(context, PASSWORD, "-")).toBe("first");
  expect(await context.stdin.line()).toBe("second");
  expect(await readSecret(context, PASSWORD, file("crlf", "a b \r\nsecond"))).toBe("a b ");
  expect(await readSecret(context, PASSWORD, file("long", `ok\n${"x".repeat(9999)}`))).toBe("ok");
  expect(await readSecret(context, PASSWORD, file("max", "x".repeat(1024)))).toHaveLength(1024);
});

test("empty and over-long ones are refused", async () => {
  const context = contextOf({});
  for (const [name, content] of [
    ["empty", ""],
    ["blank", "\nsecond"],
    ["over", "x".repeat(1025)],
    ["far", "x".repeat(5000)],
    ["latin1", Uint8Array.of(0xe4, 0x0a)],
  ] as const) {
    const fault = await faultFrom(() => readSecret(context, PASSWORD, file(name, content)));
    expect(fault.exitCode).toBe(2);
  }
  expect((await faultFrom(() => readSecret(context, PASSWORD, "-"))).exitCode).toBe(2);
  const unset = contextOf({ env: { CHAT_PASSWORD: "" } });
  expect(await readSecret(unset, PASSWORD, undefined)).toBeUndefined();
});

test("a file that is not there, or not for us", async () => {
  const context = contextOf({});
  const missing = await faultFrom(() => readSecret(context, PASSWORD, join(folder, "none")));
  expect([missing.code, missing.exitCode]).toEqual(["file-unknown", 4]);
  expect((await faultFrom(() => readSecret(context, PASSWORD, folder))).exitCode).toBe(1);
  const closed = file("closed", "x");
  chmodSync(closed, 0);
  const denied = () => faultFrom(() => readSecret(context, PASSWORD, closed));
  expect((await unprivileged(denied)).code).toBe("store-denied");
});

test("Ctrl-C at the question is 130", async () => {
  const context = contextOf({ lines: ["^C"], terminal: true });
  expect((await faultFrom(() => readSecret(context, PASSWORD, undefined, "P"))).exitCode).toBe(130);
});

test("a new password is typed twice, and long enough", async () => {
  const make = (lines: readonly string[]) =>
    makePassword(contextOf({ lines, terminal: true }), undefined);
  expect(await make(["long enough", "long enough"])).toBe("long enough");
  expect(await make(["short", "long enough", "slip", "long enough", "long enough"])).toBe(
    "long enough",
  );
  expect(await make([""])).toBeUndefined();
  expect((await faultFrom(() => make(["a", "b", "c", "d"]))).exitCode).toBe(2);
  const env = (CHAT_NEW_PASSWORD: string) => contextOf({ env: { CHAT_NEW_PASSWORD } });
  expect(await makePassword(env("eight888"), undefined)).toBe("eight888");
  expect((await faultFrom(() => makePassword(env("seven77"), undefined))).exitCode).toBe(2);
  expect(await makePassword(contextOf({}), undefined)).toBeUndefined();
});
