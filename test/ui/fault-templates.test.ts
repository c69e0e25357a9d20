import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { INDONESIAN_TEMPLATES } from "../../src/ui/messages/id/fault-templates.ts";

const SOURCE = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path) && !path.startsWith("ui/messages/id/"))
  .map((path) => readFileSync(`src/${path}`, "utf8"))
  .join("\n")
  // Join the parts of long texts.
  .replaceAll(/(["`]) \+\n\s*\1/g, "")
  // Quotes need no escape in a template.
  .replaceAll(/\\(["'`])/g, "$1");

function patternOf(template: string): RegExp {
  const parts = template
    .split("{}")
    .map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`));
  const value = String.raw`(?:\$\{[^\`]*?\}|\{\})`;
  return new RegExp(`(["'\`])${parts.join(value)}\\1`);
}

test.each(Object.keys(INDONESIAN_TEMPLATES))("%s is an English text of a fault", (template) => {
  expect(patternOf(template).test(SOURCE)).toBe(true);
});
