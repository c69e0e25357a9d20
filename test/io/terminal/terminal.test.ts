import { expect, test } from "bun:test";
import { openTerminal } from "../../../src/io/terminal/terminal.ts";
import { fakeWorld, faultFrom } from "../../commands/fake-world.ts";

function open(lines: readonly string[], terminal = true) {
  const { stdin, stderr } = fakeWorld({ lines, terminal });
  return { terminal: openTerminal(stdin, stderr), stderr };
}

test("prompts on standard error, and trims answers except secrets", async () => {
  const { terminal, stderr } = open([" ana ", " geheim "]);
  expect(await terminal?.askText("Name")).toBe("ana");
  expect(await terminal?.askSecret("Password")).toBe(" geheim ");
  expect(stderr.text).toBe("Name: Password: \n");
});

test("prints a notice together with the question, when the echo is off", async () => {
  const { stdin, stderr } = fakeWorld({ lines: ["x"], terminal: true });
  let printedBefore: string | undefined;
  const secretLine = (ask: () => void) => {
    printedBefore = stderr.text;
    return stdin.secretLine(ask);
  };
  const terminal = openTerminal({ ...stdin, secretLine }, stderr);
  await terminal?.askSecret("Password", "chat: no password yet\n");
  expect([printedBefore, stderr.text]).toEqual(["", "chat: no password yet\nPassword: \n"]);
});

test("asks again until the answer is yes, no or empty", async () => {
  const { terminal, stderr } = open(["y", "YES", "", "n", "No", "/invite bob", "yeah", "yes"]);
  const answers = [];
  for (let i = 0; i < 6; i++) answers.push(await terminal?.confirm("Sure?"));
  expect(answers).toEqual([true, true, false, false, false, true]);
  expect(stderr.text).toBe("Sure? [y/N]: ".repeat(8));
});

test("treats a missing answer as an interruption", async () => {
  expect((await faultFrom(() => open([]).terminal?.askText("Name"))).exitCode).toBe(130);
  expect((await faultFrom(() => open(["^C"]).terminal?.askSecret("P"))).exitCode).toBe(130);
});
