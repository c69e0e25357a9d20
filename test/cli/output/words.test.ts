import { expect, test } from "bun:test";
import { paintedWords } from "../../../src/cli/output/words.ts";

const seen = (text: string) => paintedWords(text, "ana").replaceAll("\x1b", "^");

test.each([
  ["plain", "plain"],
  ["**a *b***", "^[1ma ^[3mb^[23m^[22m"],
  ["~~a~~ @Ana @bob #lobby", "^[9ma^[29m ^[1;7m@Ana^[22;27m @bob #lobby"],
  ["**two\nlines**", "^[1mtwo^[22m\n^[1mlines^[22m"],
  ["```sh\nls **\n```", "^[2msh^[0m\n  ^[36mls **^[39m"],
  ["> a\n> b", "^[2m▌^[0m a\n^[2m▌^[0m b"],
  ["10. a\n    b\n- c", "10. a\n    b\n• c"],
  ["https://ex%61mple.org", "https://ex%61mple.org (example.org)"],
])("%j", (text, lines) => {
  expect(seen(text)).toBe(lines);
});
