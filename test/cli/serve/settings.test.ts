import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseStrictly } from "../../../src/cli/parser.ts";
import { settingOf, variableOf, withSettings } from "../../../src/cli/serve/settings.ts";
import { SERVE_FLAGS } from "../../../src/commands/serve.ts";
import { faultFrom } from "../../commands/fake-world.ts";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A data folder with this settings.toml. */
function folderWith(toml: string): string {
  const folder = mkdtempSync(join(tmpdir(), "chat-serve-settings-"));
  folders.push(folder);
  writeFileSync(join(folder, "settings.toml"), toml);
  return folder;
}

function settled(argv: readonly string[], env: Record<string, string> = {}) {
  const parsed = parseStrictly(SERVE_FLAGS, argv, "chat serve");
  if (parsed.kind === "help") throw new Error("help");
  const { values, given } = parsed;
  return withSettings({ definitions: SERVE_FLAGS, values, byFlag: given, env });
}

describe("a setting of chat serve", () => {
  test("comes from the flag, else the environment, else the file, else the default", () => {
    const data = folderWith('port = 1\nname = "file"\nwelcome = "file"\nudp = false\n');
    const env = { CHAT_SERVE_PORT: "2", CHAT_SERVE_NAME: "environment", CHAT_SERVE_CERT: "" };
    const all = settled(["--data", data, "--port", "3"], env);
    expect([all["port"], all["name"], all["welcome"]]).toEqual([3, "environment", "file"]);
    expect([all["udp"], all["discovery"], all["cert"], all["host"]]).toEqual([
      false,
      true,
      undefined,
      undefined,
    ]);
    expect(settled(["--data", data, "--udp"])["udp"]).toBe(true);
    expect(settled(["--data", data], { CHAT_SERVE_UDP: "on" })["udp"]).toBe(true);
  });

  test("of the environment names the folder whose file counts, unless a flag does", () => {
    const [one, other] = [folderWith('name = "one"\n'), folderWith('name = "other"\n')];
    const env = { CHAT_SERVE_DATA: one };
    expect(settled([], env)).toMatchObject({ data: one, name: "one" });
    expect(settled(["--data", other], env)).toMatchObject({ data: other, name: "other" });
  });

  test("may be left out altogether: no file, no folder, a file in place of the folder", () => {
    const data = folderWith("");
    const left = settled([], { CHAT_SERVE_DATA: join(data, "nothing") });
    expect(left).toMatchObject({ udp: true, open: false, public: [] });
    expect(settled(["--data", join(data, "settings.toml")])["udp"]).toBe(true);
  });

  test("has every kind of value, with its own spelling in both", () => {
    const data = folderWith(
      'public = ["a.example", "b.example:99"]\nudp-cc = "cubic"\n' +
        'keep-free = 0\nfile-max = "2G"\nopen = true\n',
    );
    expect(settled(["--data", data])).toMatchObject({
      public: ["a.example", "b.example:99"],
      udpCc: "cubic",
      keepFree: "0",
      fileMax: "2G",
      open: true,
    });
    const env = { CHAT_SERVE_PUBLIC: "c.example, d.example", CHAT_SERVE_OPEN: "no" };
    const both = settled(["--data", data], env);
    expect([both["public"], both["open"]]).toEqual([["c.example", "d.example"], false]);
  });

  test("that is a path is one beside the file", () => {
    const data = folderWith(
      'cert = "tls/mine.pem"\nkey = "/etc/k.pem"\nroom-password-file = "-"\n',
    );
    expect(settled(["--data", data])).toMatchObject({
      cert: join(data, "tls", "mine.pem"),
      key: "/etc/k.pem",
      roomPasswordFile: "-",
    });
    expect(settled([], { CHAT_SERVE_CERT: "mine.pem" })["cert"]).toBe("mine.pem");
  });

  test("open and a password contradict each other only where both count the same", () => {
    const isOpen = folderWith("open = true\n");
    expect(settled(["--data", isOpen, "--room-password-file", "F"])["open"]).toBe(false);
    expect(settled(["--data", isOpen], { CHAT_ROOM_PASSWORD: "x" })["open"]).toBe(false);
    expect(settled(["--data", isOpen])["open"]).toBe(true);
    const hasPassword = folderWith('room-password-file = "F"\n');
    expect(settled(["--data", hasPassword, "--open"])["roomPasswordFile"]).toBeUndefined();
    const env = { CHAT_ROOM_PASSWORD: "x" };
    expect(settled(["--data", hasPassword], env)["roomPasswordFile"]).toBeUndefined();
  });
});

describe("what is refused is named in one line", () => {
  test.each([
    ['port = 1\nprot = "x"\n', /^unknown setting in .*settings\.toml:2:1: 'prot'$/, "port"],
    ["[serve]\nport = 1\n", /^unknown setting in .*settings\.toml:1:2: 'serve'$/, "--help"],
    ["new-identity = true\n", /unknown setting/, "--help"],
    ['data = "x"\n', /unknown setting/, "--help"],
    ["__proto__ = 1\n", /^unknown setting in .*settings\.toml:1:1: '__proto__'$/, "--help"],
    ["\nport = 65536\n", /^'65536' is no value of port \(.*settings\.toml:2:1\)$/, "0 to 65535"],
    ["port = -1\n", /is no value of port/, "0 to 65535"],
    ["port = 1.5\n", /is no value of port/, "0 to 65535"],
    ["port = inf\n", /is no value of port/, "0 to 65535"],
    ['port = "1"\n', /is no value of port/, "0 to 65535"],
    ["name = 5\n", /^name \(.*settings\.toml:1:1\) must be a text$/, "quotes"],
    ['open = "true"\n', /^open \(.*\) must be true or false$/, "quotes"],
    ["public = [1]\n", /^public \(.*\) must be a list of texts$/, "write it as"],
    ['udp-cc = "bbx"\n', /^'bbx' is no value of udp-cc \(.*:1\)$/, "did you mean bbr?"],
    ['file-max = "much"\n', /^file-max \(.*settings\.toml:1:1\): /, ""],
    ['a = "x"\nname = "x\n', /settings\.toml:2:10 is not valid TOML/, 'name = "Room 12"'],
    ["port = 1\nport = 2\n", /settings\.toml:2:1 is not valid TOML/, ""],
  ])("settings.toml: %j", async (toml, message, remedy) => {
    const fault = await faultFrom(() => settled(["--data", folderWith(toml)]));
    expect([fault.code, fault.message.split("\n")]).toEqual(["usage", [expect.any(String)]]);
    expect(fault.message).toMatch(message);
    expect(fault.remedy).toContain(remedy);
  });

  test.each([
    [{ CHAT_SERVE_PROT: "1" }, "unknown variable: 'CHAT_SERVE_PROT'", "CHAT_SERVE_PORT"],
    [{ CHAT_SERVE_NEW_IDENTITY: "true" }, "unknown variable: ", "--help"],
    [{ CHAT_SERVE_PORT: "tcp://10.0.0.1:80" }, "is no value of CHAT_SERVE_PORT", "65535"],
    [{ CHAT_SERVE_UDP: "maybe" }, "'maybe' is no value of CHAT_SERVE_UDP", "true or false"],
    [{ CHAT_SERVE_FILE_MAX: "much" }, "CHAT_SERVE_FILE_MAX: ", ""],
  ])("environment: %p", async (env, message, remedy) => {
    const fault = await faultFrom(() => settled([], env as Record<string, string>));
    expect([fault.code, fault.message]).toEqual(["usage", expect.stringContaining(message)]);
    expect(fault.remedy).toContain(remedy);
  });

  test("a file that cannot be read", async () => {
    const data = folderWith("");
    rmSync(join(data, "settings.toml"));
    mkdirSync(join(data, "settings.toml"));
    const fault = await faultFrom(() => settled(["--data", data]));
    expect(fault.message).toContain("settings.toml is a folder");
  });
});

test("every flag has a spelling in both, but what is for one start or names the folder", () => {
  const keys = Object.keys(SERVE_FLAGS);
  expect(keys.filter((key) => settingOf(key) === undefined)).toEqual([
    "data",
    "newIdentity",
    "acceptLoss",
  ]);
  expect(keys.filter((key) => variableOf(key) === undefined)).toEqual([
    "newIdentity",
    "acceptLoss",
  ]);
  expect([settingOf("udpCc"), variableOf("udpCc")]).toEqual(["udp-cc", "CHAT_SERVE_UDP_CC"]);
});
