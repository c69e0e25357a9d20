import { expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PASSWORD, readNewPassword, readSecret } from "../../src/cli/secrets.ts";
import { type FakeOptions, fakeContext, faultFrom } from "../commands/fake-world.ts";
import { tempFolder } from "../temp-folder.ts";
import { unprivileged } from "../unprivileged.ts";

const folder = tempFolder();

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const contextOf = (options: FakeOptions) => fakeContext(options).context;

test("reads a file, then the environment, then a prompt", async () => {
  const context = contextOf({ lines: ["typed"], terminal: true, env: { CHAT_PASSWORD: "env" } });
  const path = file("a", "from file\n");
  expect(await readSecret(context, PASSWORD, path, "Password")).toBe("from file");
  expect(await readSecret(context, PASSWORD, undefined, "Password")).toBe("env");
  const asked = contextOf({ lines: ["typed"], terminal: true });
  expect(await readSecret(asked, PASSWORD, undefined, "Password")).toBe("typed");
});

test("returns undefined without a terminal, a prompt or an answer", async () => {
  expect(await readSecret(contextOf({ lines: ["x"] }), PASSWORD, undefined, "P")).toBeUndefined();
  const terminal = contextOf({ lines: [""], terminal: true });
  expect(await readSecret(terminal, PASSWORD, undefined)).toBeUndefined();
  expect(await readSecret(terminal, PASSWORD, undefined, "P")).toBeUndefined();
});

test("reads the first line without its line feed and byte order mark", async () => {
  const context = contextOf({ lines: ["first", "second"] });
  expect(await readSecret(context, PASSWORD, "-")).toBe("first");
  expect(await context.stdin.line()).toBe("second");
  expect(await readSecret(context, PASSWORD, file("crlf", "a b \r\nsecond"))).toBe("a b ");
  const marked = file("marked", `\ufeff${"x".repeat(1024)}\r\n`);
  expect(await readSecret(context, PASSWORD, marked)).toBe("x".repeat(1024));
  expect(await readSecret(context, PASSWORD, file("long", `ok\n${"x".repeat(9999)}`))).toBe("ok");
  expect(await readSecret(context, PASSWORD, file("max", "x".repeat(1024)))).toHaveLength(1024);
});

test("refuses empty and too long secrets", async () => {
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

test("refuses a secret whose bytes were lost in decoding", async () => {
  // The environment and the terminal decode `pass\xe9\xe8` in an 8-bit locale to this.
  const secret = "pass\u{fffd}\u{fffd}";
  for (const context of [
    contextOf({ env: { CHAT_PASSWORD: secret } }),
    contextOf({ lines: [secret], terminal: true }),
  ]) {
    const fault = await faultFrom(() => readSecret(context, PASSWORD, undefined, "P"));
    expect([fault.exitCode, fault.message]).toEqual([2, "the password is not valid UTF-8"]);
    expect(fault.remedy).toContain("--password-file");
  }
});

test("reports a missing or unreadable file", async () => {
  const context = contextOf({});
  const missing = await faultFrom(() => readSecret(context, PASSWORD, join(folder, "none")));
  expect([missing.code, missing.exitCode]).toEqual(["file-unknown", 4]);
  expect((await faultFrom(() => readSecret(context, PASSWORD, folder))).exitCode).toBe(1);
  const closed = file("closed", "x");
  chmodSync(closed, 0);
  const denied = () => faultFrom(() => readSecret(context, PASSWORD, closed));
  expect((await unprivileged(denied)).code).toBe("store-denied");
});

test("exits with 130 after Ctrl-C at the prompt", async () => {
  const context = contextOf({ lines: ["^C"], terminal: true });
  expect((await faultFrom(() => readSecret(context, PASSWORD, undefined, "P"))).exitCode).toBe(130);
});

test("prompts twice for a new password, until it is long enough", async () => {
  const make = (lines: readonly string[]) =>
    readNewPassword(contextOf({ lines, terminal: true }), undefined);
  expect(await make(["long enough", "long enough"])).toBe("long enough");
  const typed = ["short", "long enough", "slip", "long enough", "long enough"];
  expect(await make(typed)).toBe("long enough");
  expect(await make([""])).toBeUndefined();
  expect((await faultFrom(() => make(["a", "b", "c", "d"]))).exitCode).toBe(2);
  const env = (CHAT_NEW_PASSWORD: string) => contextOf({ env: { CHAT_NEW_PASSWORD } });
  expect(await readNewPassword(env("eight888"), undefined)).toBe("eight888");
  expect((await faultFrom(() => readNewPassword(env("seven77"), undefined))).exitCode).toBe(2);
  expect(await readNewPassword(contextOf({}), undefined)).toBeUndefined();
});
