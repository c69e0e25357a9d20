import { Fault } from "../../base/fault.ts";
import { parseTarget, type Target } from "../../base/names.ts";
import { quoteText } from "../../base/text.ts";
import type { SlashHost } from "./slash-host.ts";

/** A command that is typed in a conversation. */
export interface Slash {
  readonly usage: string;
  readonly summary: string;
  run(lines: SlashHost, words: string): Promise<void>;
}

export function split(line: string): [string, string] {
  const trimmed = line.trimStart();
  const at = trimmed.search(/\s/);
  return at < 0 ? [trimmed, ""] : [trimmed.slice(0, at), trimmed.slice(at + 1).trim()];
}

export function args(command: Slash, words: string, min: number, max: number): string[] {
  const given = words === "" ? [] : words.split(/\s+/);
  if (given.length < min || given.length > max) throw misuse(command);
  return given;
}

export function misuse({ usage }: Slash): Fault {
  return new Fault("usage", `that is not how it is used`, { remedy: `write ${usage}` });
}

/** `PATH [TARGET]`, the path as a shell would read it. @throws Fault name-invalid, usage */
export function sendWords(words: string, home: string | undefined): [string, Target | undefined] {
  const [path = "", ...rest] = shellWords(words);
  if (rest.length > 1) {
    throw new Fault("usage", `${quoteText(rest.join(" "))} is no room or person`, {
      remedy: "put a path with spaces between quotes",
    });
  }
  const [target] = rest;
  return [inHome(path, home), target === undefined ? undefined : parseTarget(target)];
}

/** `~/` is the home. */
export function inHome(path: string, home: string | undefined): string {
  return path.startsWith("~/") && home !== undefined ? `${home}${path.slice(1)}` : path;
}

/** Quotes and backslashes keep spaces in a word. @throws Fault usage: a quote is not closed */
export function shellWords(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const letter = line[at] ?? "";
    const isEscape = letter === "\\" && quote !== "'" && /[\s"'\\]/.test(line[at + 1] ?? "");
    const isBlank = quote === "" && /\s/.test(letter);
    if (isBlank && word !== undefined) words.push(word);
    if (isBlank) word = undefined;
    else if (isEscape) word = (word ?? "") + line[++at];
    else if (letter === quote) quote = "";
    else if (quote === "" && (letter === '"' || letter === "'")) {
      quote = letter;
      word ??= "";
    } else word = (word ?? "") + letter;
  }
  if (quote !== "") throw new Fault("usage", "a quote is not closed", { remedy: "close it" });
  return word === undefined ? words : [...words, word];
}
