import { beforeEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import { ProgramReplacement } from "../../../src/io/file/program-replacement.ts";
import { faultCode } from "../../fault-code.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";

let folder = "";
let program = "";

beforeEach(() => {
  folder = tempFolder();
  program = join(folder, "chat");
  fs.writeFileSync(program, "old", { mode: 0o755 });
});

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

const read = (name = "chat") => fs.readFileSync(join(folder, name), "utf8");

describe.each(["linux", "darwin", "win32"] as const)("on %s a replacement", (platform) => {
  const open = () => ProgramReplacement.open(program, platform);
  const replace = async (text: string) => {
    const replacement = open();
    await replacement.write(chunks(text));
    const old = replacement.swap();
    replacement.close();
    return old;
  };

  test("puts the new program in the old one's place and stores the old one", async () => {
    fs.chmodSync(program, 0o711);
    expect(await replace("new")).toBe(`${program}.old`);
    expect([read(), read("chat.old"), fs.readdirSync(folder).sort()]).toEqual([
      ...["new", "old"],
      ["chat", "chat.old"],
    ]);
    expect(fs.statSync(program).mode & 0o777).toBe(0o711);
    await replace("newer");
    expect([read(), read("chat.old")]).toEqual(["newer", "new"]);
  });

  test("leaves the old program and nothing else if it ends before the swap", async () => {
    const replacement = open();
    await replacement.write(chunks("new"));
    replacement.close();
    expect([read(), fs.readdirSync(folder)]).toEqual(["old", ["chat"]]);
    expect(faultCode(() => replacement.swap())).toBe("store-failed");
    expect([read(), fs.existsSync(`${program}.old`) ? read("chat.old") : "old"]).toEqual([
      ...["old", "old"],
    ]);
  });

  test("reports the fault of its content", async () => {
    const replacement = open();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* chunks("ne");
      throw new Fault("release-untrusted", "x");
    }
    expect(await rejection(replacement.write(broken()))).toMatchObject({
      code: "release-untrusted",
    });
    replacement.close();
    expect([read(), fs.readdirSync(folder)]).toEqual(["old", ["chat"]]);
  });

  test("excludes a second one", async () => {
    const first = open();
    expect(faultCode(open)).toBe("data-locked");
    first.close();
    await replace("new");
    expect(read()).toBe("new");
  });

  test("removes what a killed process left", async () => {
    const left = join(folder, ".chat-upgrade");
    fs.mkdirSync(left);
    fs.mkdirSync(join(left, "chat"));
    fs.writeFileSync(join(left, "old"), "x");
    fs.writeFileSync(join(left, "LOCK"), "");
    await replace("new");
    expect([read(), read("chat.old"), fs.readdirSync(folder).length]).toEqual(["new", "old", 2]);
  });

  test("refuses links and folders in its place", async () => {
    const other = tempFolder();
    fs.symlinkSync(other, join(folder, ".chat-upgrade"));
    expect(faultCode(open)).toBe("data-foreign");
    expect(fs.readdirSync(other)).toEqual([]);
    fs.rmSync(join(folder, ".chat-upgrade"));
    fs.renameSync(program, join(folder, "real"));
    fs.symlinkSync("real", program);
    expect(faultCode(open)).toBe("data-foreign");
  });
});

test("keeps the program if the old one's name is taken by a folder", async () => {
  fs.mkdirSync(join(folder, "chat.old"));
  const replacement = ProgramReplacement.open(program, "linux");
  await replacement.write(chunks("new"));
  expect(faultCode(() => replacement.swap())).toBe("data-foreign");
  replacement.close();
  expect(read()).toBe("old");
});

/** A folder stands for a running program, which the system does not remove either. */
test("on Windows a program is replaced again while its older ones run", async () => {
  const running = (name: string) => fs.mkdirSync(join(folder, name));
  for (const name of ["chat.old", "chat.old2"]) running(name);
  fs.writeFileSync(join(folder, "chat.old1"), "ended");
  fs.writeFileSync(join(folder, "chat.old7"), "ended");
  const replacement = ProgramReplacement.open(program, "win32");
  await replacement.write(chunks("new"));
  expect(replacement.swap()).toBe(`${program}.old1`);
  replacement.close();
  expect([read(), read("chat.old1"), fs.readdirSync(folder).sort()]).toEqual([
    ...["new", "old"],
    ["chat", "chat.old", "chat.old1", "chat.old2"],
  ]);
});

test("on Windows the program returns to its place if the new one cannot be moved", async () => {
  const replacement = ProgramReplacement.open(program, "win32");
  await replacement.write(chunks("new"));
  fs.rmSync(replacement.path);
  expect(faultCode(() => replacement.swap())).toBe("store-failed");
  replacement.close();
  expect([read(), fs.readdirSync(folder)]).toEqual(["old", ["chat"]]);
});
