import { expect, test } from "bun:test";
import { isSharedCommand, typedLine, withoutCommand } from "../../src/ui/typed-line.ts";

const command = (line: string) => ({ kind: "command" as const, line });
const message = (text: string) => ({ kind: "message" as const, text });

test.each([
  ["hello", message("hello")],
  ["/join vault hunter2", command("join vault hunter2")],
  ["//join", message("/join")],
  ["/nonsense", command("nonsense")],
  [" /join vault hunter2", command("join vault hunter2")],
  ["\u00a0\t/MSG ben secret", command("MSG ben secret")],
  ["\n/dm ben secret", command("dm ben secret")],
  [" //join vault", message(" /join vault")],
  ["  // a comment", message("  // a comment")],
  ["  /usr/bin", message("  /usr/bin")],
  [" /join/x", message(" /join/x")],
  [" /tostring", message(" /tostring")],
  ["a /join", message("a /join")],
  ["／join vault hunter2", command("join vault hunter2")],
  ["\u3000／ｊｏｉｎ　vault", command("join　vault")],
  ["\u200b\u200e/MSG ben secret", command("MSG ben secret")],
  ["\ufeff/join vault", command("join vault")],
  ["／／join", message("／join")],
  ["／nonsense", message("／nonsense")],
  ["／／", message("／／")],
])("%j", (text, expected) => {
  expect(typedLine(text, isSharedCommand)).toEqual(expected);
});

test.each([
  "/me x\ny",
  "//me x\ny",
  "  /me x\ny",
  "  //me x\ny",
  "  /usr x\ny",
  "// x\ny",
  "x\ny",
  "／me x\ny",
  " ／／me x\ny",
])("a paste of %j is a message as it is", (text) => {
  expect(typedLine(withoutCommand(text, isSharedCommand), isSharedCommand)).toEqual(message(text));
});
