import { expect, test } from "bun:test";
import { installCommand } from "../../../src/ui/text/install-command.ts";

const FROM = "https://192.0.2.7:2428/program";

test("pins the public key of a server without a trusted certificate", () => {
  expect(installCommand("linux-x64", FROM, "sha256//x=")).toBe(
    `curl -fsSk --pinnedpubkey 'sha256//x=' ${FROM}/install.sh | ` +
      `sh -s -- ${FROM} --pin 'sha256//x='`,
  );
  expect(installCommand("windows-x64", FROM, "sha256//x=")).toBe(
    `curl.exe -fsSk --pinnedpubkey "sha256//x=" -o install.ps1 ${FROM}/install.ps1; ` +
      `powershell -ExecutionPolicy Bypass -File install.ps1 ${FROM} -Pin "sha256//x="`,
  );
});

test("checks a trusted certificate", () => {
  expect(installCommand("darwin-arm64", FROM, undefined)).toBe(
    `curl -fsSL ${FROM}/install.sh | sh -s -- ${FROM}`,
  );
  expect(installCommand("windows-x64", FROM, undefined)).toBe(
    `curl.exe -fsSL -o install.ps1 ${FROM}/install.ps1; ` +
      `powershell -ExecutionPolicy Bypass -File install.ps1 ${FROM}`,
  );
});
